import { createHash, randomBytes } from 'node:crypto';

/** `bw_` and 32 random bytes in base64url: 256 bits, nothing to guess and nothing to decode. */
const TOKEN = /^bw_[A-Za-z0-9_-]{43}$/;

/** A new token; it is shown once and stored nowhere. */
export function makeToken(): string {
  return `bw_${randomBytes(32).toString('base64url')}`;
}

/** A new public name of a token, for listings, logs and `token revoke`. */
export function makeTokenId(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

/**
 * Hex SHA-256. A plain fast hash is right here, where it would be wrong for a password: what is
 * hashed holds 256 random bits, so there is no dictionary to try.
 */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

/** The bearer token of an Authorization header, or undefined when it holds none that could be ours. */
export function bearerToken(header: string | undefined): string | undefined {
  const token = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1];
  return token !== undefined && TOKEN.test(token) ? token : undefined;
}
