import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { connectClickHouse } from '../common/clickhouse/connection.js';
import { BellwetherError } from '../common/runtime/errors.js';
import { rebuild, type Rebuilt } from '../processors/rollup/rebuild.js';
import { ClickHouseRollupStore } from '../processors/rollup/store.js';
import { parseTime } from '../query-api/plan/time.js';
import { runningStack } from './home.js';

const HOUR_MS = 3_600_000;
/** A day of many series takes a while. */
const REQUEST_TIMEOUT_MS = 300_000;
const print = (text: string) => process.stdout.write(`${text}\n`);

/** `bellwether rollup rebuild`: makes minutes, hours and days anew. */
export function rollupCommand(): Command {
  const command = new Command('rollup').description('Minutes, hours and days');
  command
    .command('rebuild')
    .description('make minutes anew from the samples, and the hours and days that they lie in')
    .requiredOption('--from <time>', 'first minute: RFC 3339, or now-1h')
    .option('--to <time>', 'minutes that begin before this time', 'now')
    .action(async (options: { from: string; to: string }) => {
      const nowMs = Date.now();
      const fromMs = parseTime('--from', options.from, nowMs);
      const toMs = parseTime('--to', options.to, nowMs);
      if (fromMs >= toMs) throw new BellwetherError('bad_request', '--from must be before --to');
      const url = variable('CLICKHOUSE_URL') ?? adminUrl();
      const client = connectClickHouse({
        url,
        application: 'bellwether-cli',
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
      });
      try {
        const rebuilt = await rebuild({
          store: new ClickHouseRollupStore(client),
          fromMs,
          toMs,
          nowMs,
          rawRetentionMs: Number(variable('BELLWETHER_RAW_RETENTION_HOURS') ?? 48) * HOUR_MS,
          onProgress: ({ resolution, made, all }) => print(`${resolution}s: ${made} of ${all}`),
        });
        print(summary(rebuilt, fromMs));
      } finally {
        await client.close();
      }
    });
  return command;
}

function summary({ fromMs, made, left }: Rebuilt, askedMs: number): string {
  const lines = [`made anew: ${made.minute} minutes, ${made.hour} hours, ${made.day} days`];
  if (fromMs - askedMs > HOUR_MS / 60) {
    const from = new Date(fromMs).toISOString();
    lines.push(`nothing before ${from}: older samples are no longer kept, so what was made of them stands`);
  }
  if (left > 0)
    lines.push(`${left} hours or days are not complete yet: the rollup makes them when all in them is`);
  return lines.join('\n');
}

function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

function adminUrl(): string {
  return readFileSync(runningStack().urlFiles.clickhouseAdmin, 'utf8').trim();
}
