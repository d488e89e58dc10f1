import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectClickHouse } from '../../common/clickhouse/connection.js';
import { createToken, readValidTokens } from '../../common/auth/token-table.js';
import { hashToken } from '../../common/auth/token.js';
import { writePrivate, type HomePaths } from './home.js';

const READ_LIMIT = 100_000;
const READ_LIMIT_MS = 10_000;

/**
 * A token for the operator and for each customer, in `tokens/NAME.token` (0600). One that is there and still
 * valid for the same subject is kept, so that a second start does not change what people have in use.
 * @returns the name of each token to its file.
 */
export async function prepareTokens(
  paths: HomePaths,
  adminUrl: string,
  customers: readonly string[],
): Promise<Record<string, string>> {
  const client = connectClickHouse({ url: adminUrl, application: 'bellwether-supervisor' });
  try {
    const valid = await readValidTokens(client, READ_LIMIT, AbortSignal.timeout(READ_LIMIT_MS));
    const files: Record<string, string> = {};
    for (const name of ['operator', ...customers]) {
      const file = join(paths.tokens, `${name}.token`);
      files[name] = file;
      const customer = name === 'operator' ? '' : name;
      const role = customer === '' ? 'operator' : 'customer';
      const hash = existsSync(file) ? hashToken(readFileSync(file, 'utf8').trim()) : undefined;
      const kept = valid.some((one) => one.hash === hash && one.role === role && one.customer === customer);
      if (kept) continue;
      const { token } = await createToken(client, { role, customer });
      writePrivate(file, `${token}\n`);
    }
    return files;
  } finally {
    await client.close();
  }
}
