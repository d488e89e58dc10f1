import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

export type Access = 'read' | 'write' | 'admin';

const userSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'name must be 1 to 64 of A-Z a-z 0-9 _ . -'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/i, 'sha256 must be the 64 hex digits of the password'),
  access: z.enum(['read', 'write', 'admin']),
  /** The only tables that the user's INSERTs may go to; any, when absent. */
  tables: z
    .array(z.string().regex(/^[A-Za-z_]\w{0,63}\.[A-Za-z_]\w{0,63}$/, 'tables must be named database.table'))
    .optional(),
});
export type User = z.output<typeof userSchema>;

/** A JSON array of users, as in BELLWETHER_STORE_USERS. Passwords are not in it, only their SHA-256. */
export const usersSchema = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'must be a JSON array of {name, sha256, access, tables?}',
      });
      return z.NEVER;
    }
  })
  .pipe(z.array(userSchema).min(1, 'must name at least one user'))
  .refine((users) => new Set(users.map((user) => user.name)).size === users.length, 'names must differ');

/** Compared against when the name is unknown, so that the answer takes as long. */
const NOBODY = Buffer.alloc(32);

/** Finds the user by name and password, in a time that depends on neither. */
export function authenticate(users: readonly User[], name: string, password: string): User | undefined {
  const given = createHash('sha256').update(password, 'utf8').digest();
  const user = users.find((candidate) => candidate.name === name);
  const expected = user === undefined ? NOBODY : Buffer.from(user.sha256, 'hex');
  return timingSafeEqual(given, expected) && user !== undefined ? user : undefined;
}
