import { z } from 'zod';
import { DATABASE } from '../../../common/clickhouse/connection.js';
import { decodeSignalBatch } from '../../../common/wire/otlp.js';
import { AGENT_HOST, type Line } from '../../support/chaos/line.js';
import { deadLetters, untilRolledUp, untilWritten } from '../../support/chaos/quiet.js';
import { readAcknowledged } from '../../support/fleet/acknowledged.js';
import { compare, comparisonText, isEqual, type Comparison } from '../../support/fleet/compare.js';
import { missingInLog, readFleetLog } from '../../support/fleet/log.js';
import { batchesOracle, fleetOracle, type Oracle } from '../../support/fleet/oracle.js';
import type { FleetPlan } from '../../support/fleet/plan.js';

/** What is stored against what the topic took. */
export interface Verdict {
  readonly equal: boolean;
  /** Batches that the fleet knows to have arrived, and those that the log holds. */
  readonly acknowledged: number;
  readonly logged: number;
  /** Acknowledged, and not in the log: lost by the broker. */
  readonly lostByBroker: number;
  /** Messages that say what an earlier one said. */
  readonly repeats: number;
  readonly agentBatches: number;
  readonly deadLetters: number;
  readonly comparisons: readonly Comparison[];
}

const WRITTEN_LIMIT_MS = 600_000;
const ROLLED_UP_LIMIT_MS = 300_000;
const counted = z.object({ n: z.coerce.number() });

/** Waits until all is quiet, then reads the topic for what must be there and the tables for what is. */
export async function judge(
  line: Line,
  plan: FleetPlan,
  acknowledgedFile: string,
  say: (line: string) => void,
): Promise<Verdict> {
  await untilWritten(line.brokers, WRITTEN_LIMIT_MS);
  say('all is written');
  const log = await readFleetLog(line.brokers);
  const acknowledged = readAcknowledged(acknowledgedFile);
  const lost = missingInLog(acknowledged, log);
  const letters = await deadLetters(line.brokers);
  const agentBatches = log.foreign.map(({ value }) => decodeSignalBatch(value ?? new Uint8Array()));
  const fleet = fleetOracle(plan, log.batches);
  await untilRolledUp(line.client, fleet.range[1], ROLLED_UP_LIMIT_MS);
  say('all is rolled up');
  const comparisons: Comparison[] = [];
  const hold = async (oracle: Oracle, resolution: Comparison['resolution']) => {
    const comparison = await compare(line.client, oracle, resolution);
    say(`${oracle.hostPrefix}* ${comparisonText(comparison)}`);
    comparisons.push(comparison);
  };
  for (const table of ['samples', 'minutes', 'hours'] as const) await hold(fleet, table);
  if (agentBatches.length > 0) await hold(batchesOracle(AGENT_HOST, agentBatches, WINDOW_MS), 'samples');
  const ledger = await ledgerRows(line, `${plan.hostPrefix}-`);
  say(`batches: ${String(ledger)} rows for ${String(log.batches.length)} in the log`);
  return {
    equal: comparisons.every(isEqual) && ledger === log.batches.length && lost.length === 0 && letters === 0,
    acknowledged: acknowledged.length,
    logged: log.batches.length,
    lostByBroker: lost.length,
    repeats: log.repeats,
    agentBatches: agentBatches.length,
    deadLetters: letters,
    comparisons,
  };
}

/** Of the agent, which uses the default. */
const WINDOW_MS = 5_000;

async function ledgerRows({ client }: Line, hostPrefix: string): Promise<number> {
  const result = await client.query({
    query: `SELECT count() AS n FROM ${DATABASE}.batches FINAL WHERE startsWith(host, {hostPrefix:String})`,
    query_params: { hostPrefix },
    format: 'JSONEachRow',
  });
  return z.array(counted).parse(await result.json())[0]?.n ?? 0;
}
