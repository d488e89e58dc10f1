import { z } from 'zod';
import { DATABASE, type ClickHouseClient } from '../clickhouse/connection.js';
import { BellwetherError } from '../runtime/errors.js';
import { hashToken, makeToken, makeTokenId } from './token.js';
import type { Role } from './principal.js';

/** What the API keeps of each valid token. */
const validToken = z.object({
  id: z.string(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  role: z.enum(['customer', 'operator']),
  customer: z.string(),
});
export type ValidToken = z.output<typeof validToken>;

const listedToken = validToken.omit({ hash: true }).extend({
  created_at: z.string(),
  revoked: z.coerce.number().transform((flag) => flag === 1),
});
export type ListedToken = z.output<typeof listedToken>;

const storedToken = validToken.extend({
  created_ms: z.coerce.number(),
  version: z.coerce.number(),
  revoked: z.coerce.number(),
});

/** All valid tokens, at most `limit` + 1, so that the reader can tell that there are too many. */
export async function readValidTokens(
  client: ClickHouseClient,
  limit: number,
  signal: AbortSignal,
): Promise<ValidToken[]> {
  const answer = await client.query({
    query: `SELECT id, hash, role, customer FROM ${DATABASE}.tokens FINAL WHERE revoked = 0 ORDER BY id LIMIT {rows:UInt32}`,
    query_params: { rows: limit + 1 },
    format: 'JSONEachRow',
    abort_signal: signal,
  });
  return z.array(validToken).parse(await answer.json());
}

export interface TokenSubject {
  readonly role: Role;
  /** Empty for an operator. */
  readonly customer: string;
}

/** Makes a token and stores its hash. @returns the token, which nobody can show again, and its public name. */
export async function createToken(
  client: ClickHouseClient,
  subject: TokenSubject,
): Promise<{ id: string; token: string }> {
  const id = makeTokenId();
  const token = makeToken();
  const now = Date.now();
  await insertToken(client, {
    id,
    hash: hashToken(token),
    ...subject,
    created_ms: now,
    version: now,
    revoked: 0,
  });
  return { id, token };
}

/** Every token by its public name, revoked ones too, newest first. */
export async function listTokens(client: ClickHouseClient): Promise<ListedToken[]> {
  const answer = await client.query({
    query: `SELECT id, role, customer, revoked,
  formatDateTime(created_at, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS created_at
FROM ${DATABASE}.tokens FINAL ORDER BY tokens.created_at DESC, id LIMIT 10000`,
    format: 'JSONEachRow',
  });
  return z.array(listedToken).parse(await answer.json());
}

/**
 * Revokes the token of that public name; again is no error.
 * @throws BellwetherError `not_found` when there is no such name.
 */
export async function revokeToken(client: ClickHouseClient, id: string): Promise<void> {
  const answer = await client.query({
    query: `SELECT id, hash, role, customer, toUnixTimestamp64Milli(created_at) AS created_ms, version, revoked
FROM ${DATABASE}.tokens FINAL WHERE id = {id:String}`,
    query_params: { id },
    format: 'JSONEachRow',
  });
  const [row] = z.array(storedToken).parse(await answer.json());
  if (row === undefined) {
    throw new BellwetherError(
      'not_found',
      `no token has the id "${id}"; \`bellwether token list\` shows the ids (an id, not the token itself)`,
    );
  }
  if (row.revoked === 1) return;
  await insertToken(client, { ...row, revoked: 1, version: Math.max(row.version + 1, Date.now()) });
}

async function insertToken(client: ClickHouseClient, row: z.output<typeof storedToken>): Promise<void> {
  const { created_ms: createdMs, ...rest } = row;
  await client.insert({
    table: `${DATABASE}.tokens`,
    columns: ['id', 'hash', 'role', 'customer', 'created_at', 'revoked', 'version'],
    // Seconds with a fraction, as text: the engine reads it into DateTime64 whatever its format settings say.
    values: [{ ...rest, created_at: (createdMs / 1000).toFixed(3) }],
    format: 'JSONEachRow',
  });
}
