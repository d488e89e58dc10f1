import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { connectClickHouse, type ClickHouseClient } from '../common/clickhouse/connection.js';
import { BellwetherError, messageOf } from '../common/runtime/errors.js';
import { createToken, listTokens, revokeToken, type ListedToken } from '../common/auth/token-table.js';

const REQUEST_TIMEOUT_MS = 15_000;

/** `bellwether token create | list | revoke`: bearer tokens of the API. */
export function tokenCommand(): Command {
  const command = new Command('token').description('Make, list and revoke bearer tokens of the API');
  command
    .command('create')
    .description('Make a token and print it, this once')
    .option('--customer <name>', 'it opens the paths of this customer')
    .option('--operator', 'it opens all paths')
    .option('--json', 'print one JSON object')
    .action(async (options: { customer?: string; operator?: boolean; json?: boolean }) => {
      const subject = subjectOf(options);
      const made = await withStore((client) => createToken(client, subject));
      print(options.json === true ? JSON.stringify({ ...made, ...subject }) : made.token);
    });
  command
    .command('list')
    .description('List all tokens by id; the tokens themselves are stored nowhere')
    .option('--json', 'print a JSON array')
    .action(async (options: { json?: boolean }) => {
      const tokens = await withStore(listTokens);
      print(options.json === true ? JSON.stringify(tokens) : tableOf(tokens));
    });
  command
    .command('revoke')
    .description('Revoke a token by its id; the API refuses it within 2 s')
    .argument('<id>', 'as `bellwether token list` shows it')
    .option('--json', 'print one JSON object')
    .action(async (id: string, options: { json?: boolean }) => {
      await withStore((client) => revokeToken(client, id));
      print(options.json === true ? JSON.stringify({ id, revoked: true }) : `revoked ${id}`);
    });
  return command;
}

const customerName = z.string().regex(/^\P{Cc}{1,128}$/u);

function subjectOf(options: { customer?: string; operator?: boolean }) {
  const { customer, operator } = options;
  if ((customer === undefined) === (operator !== true)) {
    throw new BellwetherError('config_invalid', 'say either --customer NAME or --operator');
  }
  if (customer === undefined) return { role: 'operator' as const, customer: '' };
  if (customerName.safeParse(customer).success) return { role: 'customer' as const, customer };
  throw new BellwetherError(
    'config_invalid',
    '--customer: right would be a name of 1 to 128 characters without control characters',
  );
}

async function withStore<T>(work: (client: ClickHouseClient) => Promise<T>): Promise<T> {
  const url = adminUrl();
  const client = connectClickHouse({
    url,
    application: 'bellwether-cli',
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  });
  try {
    return await work(client);
  } catch (error) {
    if (error instanceof BellwetherError) throw error;
    throw new BellwetherError(
      'store_unavailable',
      `the store at ${new URL(url).host} did not do it: ${messageOf(error)}`,
      { cause: error },
    );
  } finally {
    await client.close();
  }
}

const stackFile = z.object({ urlFiles: z.object({ clickhouseAdmin: z.string() }) });

/** The store's URL with admin rights: from the environment, or else that of the running stack. */
function adminUrl(environment: NodeJS.ProcessEnv = process.env): string {
  const given = environment['CLICKHOUSE_URL'];
  if (given !== undefined && given !== '') return given;
  const home = path.resolve(environment['BELLWETHER_HOME'] ?? '.bellwether');
  const file = path.join(home, 'run', 'stack.json');
  try {
    const stack = stackFile.parse(JSON.parse(readFileSync(file, 'utf8')));
    return readFileSync(path.resolve(home, stack.urlFiles.clickhouseAdmin), 'utf8').trim();
  } catch (error) {
    throw new BellwetherError(
      'config_invalid',
      `no running stack found at ${home} (${messageOf(error)}); start one with \`npm run up\`, name its BELLWETHER_HOME, or set CLICKHOUSE_URL to a user who may write`,
      { cause: error },
    );
  }
}

function tableOf(tokens: readonly ListedToken[]): string {
  if (tokens.length === 0) return 'no tokens yet; `bellwether token create` makes one';
  const rows = tokens.map((token) => [
    token.id,
    token.role,
    token.customer === '' ? '-' : token.customer,
    token.created_at,
    token.revoked ? 'revoked' : 'valid',
  ]);
  const table = [['ID', 'ROLE', 'CUSTOMER', 'CREATED', 'STATE'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
