/**
 * `npm run soak -- [--minutes N] [--graph FILE]`: the demo runs for so long beside a simulated fleet of 20,000
 * points/s. At each look it must be whole, and memory, lag and parts must stay flat.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { connectClickHouse } from '../../common/clickhouse/connection.js';
import { messageOf } from '../../common/runtime/errors.js';
import type { StackFile } from '../../embedded/supervisor/stack-file.js';
import { fleetPlan } from '../support/fleet/plan.js';
import { startSender } from '../support/fleet/start-sender.js';
import type { Part } from '../support/part.js';
import { PROJECT } from '../support/paths.js';
import { startTestStack, type TestStack } from '../support/test-stack.js';
import { graph } from './graph.js';
import { describe, FLEET_PREFIX, isWhole, look, type Look } from './look.js';
import { flatnessText, judge, panelsOf } from './verdict.js';

const DEFAULT_MINUTES = 30;
const MAX_MINUTES = 24 * 60;
const INTERVAL_MS = 10_000;
/** 100 hosts × 1,000 points each 5 s: 20,000 points/s. */
const FLEET = { hosts: 100, pointsPerBatch: 1_000, windowMs: 5_000, variants: 2, hostPrefix: FLEET_PREFIX };
const SPREAD_MS = 1_000;
/** Until its first windows are in, the fleet is not what the demo is judged with. */
const SETTLE_MS = 20_000;
const GRAPH = join(PROJECT, 'docs/images/soak.svg');

const say = (line: string) => process.stdout.write(`${line}\n`);

/** As live agents do, for somewhat longer than is looked. */
function startFleet(stack: StackFile, minutes: number): Part {
  const startMs = (Math.ceil(Date.now() / FLEET.windowMs) + 1) * FLEET.windowMs;
  const plan = fleetPlan.parse({ ...FLEET, startMs });
  const windows = Math.ceil((minutes * 60_000 + 10 * SETTLE_MS) / FLEET.windowMs);
  return startSender({
    brokers: stack.urls.kafka.split(','),
    plan,
    run: randomUUID(),
    to: FLEET.hosts * windows,
    pace: { kind: 'live', spreadMs: SPREAD_MS },
    acknowledgedFile: join(stack.home, 'acknowledged.txt'),
  });
}

/** Looks every 10 s while the load runs. */
async function soak({ info }: TestStack, minutes: number): Promise<Look[]> {
  const looks: Look[] = [];
  const url = readFileSync(info.urlFiles.clickhouseAdmin, 'utf8').trim();
  const client = connectClickHouse({ url, application: 'soak' });
  const fleet = startFleet(info, minutes);
  try {
    await sleep(SETTLE_MS);
    const begin = Date.now();
    for (let next = begin; next <= begin + minutes * 60_000; next += INTERVAL_MS) {
      await sleep(Math.max(next - Date.now(), 0));
      if (fleet.child.exitCode !== null) throw new Error(`the fleet ended: ${fleet.output()}`);
      const seen = await look(info, client, Math.round((Date.now() - begin) / 1_000));
      looks.push(seen);
      say(`  ${describe(seen)}`);
    }
  } finally {
    await fleet.end('SIGTERM');
    await client.close();
  }
  return looks;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: String(DEFAULT_MINUTES) },
      graph: { type: 'string' },
    },
  });
  const minutes = z.coerce.number().positive().max(MAX_MINUTES).parse(values.minutes);
  say(`soak: planned ${String(minutes)} min at 20000 points/s`);
  const stack = await startTestStack(say);
  let looks: Look[] = [];
  try {
    looks = await soak(stack, minutes);
  } catch (error) {
    say(`✗ ${messageOf(error)}`);
  }
  const flatness = judge(looks);
  for (const one of flatness) say(`  ${flatnessText(one)}`);
  const broken = looks.filter((seen) => !isWhole(seen)).length;
  const steep = flatness.filter(({ flat }) => !flat);
  const file = values.graph ?? (minutes === DEFAULT_MINUTES ? GRAPH : undefined);
  if (file !== undefined && looks.length > 0) {
    const title = `${String(minutes)} minutes at 20,000 points/s`;
    writeFileSync(resolve(file), graph(title, panelsOf(looks)));
    say(`  graph: ${file}`);
  }
  if (broken > 0 || steep.length > 0) stack.keepHome();
  const left = await stack.stop();
  const holds = looks.length > 0 && broken === 0 && steep.length === 0 && left.length === 0;
  say(
    `\nsoak  ${String(minutes)} min, ${String(looks.length - broken)} of ${String(looks.length)} looks whole,` +
      ` ${String(flatness.length - steep.length)} of ${String(flatness.length)} quantities flat, left behind ${String(left.length)}` +
      `  ${holds ? 'holds' : 'falls short'}`,
  );
  return holds ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`✗ ${messageOf(error)}\n`);
  process.exit(1);
}
