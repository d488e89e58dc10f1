import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { connectClickHouse } from '../common/clickhouse/connection.js';
import { BellwetherError } from '../common/runtime/errors.js';
import { createLogger } from '../common/runtime/log.js';
import { totalsText, windowJson, windowText } from '../processors/verify/text.js';
import { verify } from '../processors/verify/verify.js';
import { parseTime } from '../query-api/plan/time.js';
import { runningStack } from './home.js';

interface VerifyCommandOptions {
  readonly from: string;
  readonly to: string;
  readonly all?: true;
  readonly json?: true;
}

const HOUR_MS = 3_600_000;
const REQUEST_TIMEOUT_MS = 300_000;
const print = (text: string) => process.stdout.write(`${text}\n`);

/** `bellwether verify`: what the log holds against what the tables hold. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('per host and window: produced, stored, lost by cause, equal or not; exit code 1 when not')
    .requiredOption('--from <time>', 'first window: RFC 3339, or now-1h')
    .option('--to <time>', 'windows that begin before this time', 'now')
    .option('--all', 'print a line for equal windows too')
    .option('--json', 'a JSON object a line: each window, the totals last')
    .action(async (options: VerifyCommandOptions) => {
      const nowMs = Date.now();
      const [fromMs, toMs] = [
        parseTime('--from', options.from, nowMs),
        parseTime('--to', options.to, nowMs),
      ] as const;
      if (fromMs >= toMs) throw new BellwetherError('bad_request', '--from must be before --to');
      const client = connectClickHouse({
        url: storeUrl(),
        application: 'bellwether-cli',
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
      });
      try {
        const totals = await verify({
          kafka: { brokers: brokers(), clientId: 'bellwether-verify', log: createLogger('cli', 'silent') },
          client,
          groupId: variable('BELLWETHER_WRITER_GROUP') ?? 'bellwether-writer',
          retentionMs: Number(variable('BELLWETHER_RAW_RETENTION_HOURS') ?? 48) * HOUR_MS,
          fromMs,
          toMs,
          onWindow: (report) => {
            if (options.json) print(JSON.stringify(windowJson(report)));
            else if (options.all || report.problems.length > 0) print(windowText(report));
          },
        });
        print(options.json ? JSON.stringify({ totals }) : totalsText(totals));
        if (!totals.equal) process.exitCode = 1;
      } finally {
        await client.close();
      }
    });
}

function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

/** Of the environment, or else of the running stack. */
function brokers(): string[] {
  return (variable('KAFKA_BROKERS') ?? runningStack().urls.kafka).split(',');
}

function storeUrl(): string {
  return variable('CLICKHOUSE_URL') ?? readFileSync(runningStack().urlFiles.clickhouseAdmin, 'utf8').trim();
}
