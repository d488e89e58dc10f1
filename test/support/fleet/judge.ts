import type { ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { deadLetters, untilWritten } from '../chaos/quiet.js';
import { readAcknowledged } from './acknowledged.js';
import { compare, comparisonText, isEqual, type Comparison } from './compare.js';
import { missingInLog, readFleetLog } from './log.js';
import { fleetOracle } from './oracle.js';
import type { FleetPlan } from './plan.js';

/** What became of a fleet's batches. */
export interface FleetVerdict {
  readonly equal: boolean;
  /** Batches that the log holds, each once. */
  readonly logged: number;
  /** Batches that were acknowledged and that the log does not hold. */
  readonly lostByBroker: number;
  readonly deadLetters: number;
  readonly samples: Comparison;
}

const WRITTEN_LIMIT_MS = 240_000;

/** Waits until all is written, then holds `samples` against what the topic took. */
export async function judgeFleet(
  { brokers, client }: { readonly brokers: readonly string[]; readonly client: ClickHouseClient },
  plan: FleetPlan,
  acknowledgedFile: string,
  say: (line: string) => void,
): Promise<FleetVerdict> {
  await untilWritten(brokers, WRITTEN_LIMIT_MS);
  const log = await readFleetLog(brokers);
  const lostByBroker = missingInLog(readAcknowledged(acknowledgedFile), log).length;
  const letters = await deadLetters(brokers);
  const samples = await compare(client, fleetOracle(plan, log.batches), 'samples');
  say(comparisonText(samples));
  const logged = log.batches.length;
  const equal = isEqual(samples) && logged > 0 && lostByBroker === 0 && letters === 0;
  return { equal, logged, lostByBroker, deadLetters: letters, samples };
}

export function verdictText({ logged, lostByBroker, deadLetters, samples }: FleetVerdict): string {
  const { expected, missing, double, different, unexpected } = samples;
  return (
    `${String(logged)} batches, ${String(lostByBroker)} lost by the broker, ${String(deadLetters)} dead letters;` +
    ` ${String(expected)} rows, ${String(missing)} missing, ${String(double)} double, ${String(different + unexpected)} wrong`
  );
}
