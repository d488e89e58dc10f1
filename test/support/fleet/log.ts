import { pino } from 'pino';
import { logRanges, readRanges } from '../../../common/kafka/topic-reader.js';
import type { ReceivedMessage } from '../../../common/kafka/consumer.js';
import { SIGNALS_TOPIC } from '../../../schema/topics.js';
import { batchText, parseBatch } from './acknowledged.js';
import type { FleetBatchId } from './plan.js';
import { BATCH_HEADER } from './sender-settings.js';

/** What signals.v1 holds. */
export interface FleetLog {
  /** The fleet's batches, each once, however often they were sent. */
  readonly batches: readonly FleetBatchId[];
  /** Messages that say again what an earlier one said. */
  readonly repeats: number;
  /** Messages of others. */
  readonly foreign: readonly ReceivedMessage[];
}

/** Reads all of signals.v1 back, which settles what became of sends that were never acknowledged. */
export async function readFleetLog(brokers: readonly string[]): Promise<FleetLog> {
  const kafka = { brokers, clientId: 'fleet-log', log: pino({ level: 'silent' }) };
  const batches = new Map<string, FleetBatchId>();
  const foreign: ReceivedMessage[] = [];
  let repeats = 0;
  const ranges = await logRanges(kafka, SIGNALS_TOPIC, { newest: Number.MAX_SAFE_INTEGER });
  await readRanges(kafka, ranges, (message) => {
    const header = message.headers[BATCH_HEADER];
    const batch = header === undefined ? undefined : parseBatch(Buffer.from(header).toString('utf8'));
    if (batch === undefined) foreign.push(message);
    else if (batches.has(batchText(batch))) repeats += 1;
    else batches.set(batchText(batch), batch);
  });
  return { batches: [...batches.values()], repeats, foreign };
}

/** Acknowledged batches that the log does not hold: the broker lost them, or retention took them. */
export function missingInLog(acknowledged: readonly FleetBatchId[], log: FleetLog): FleetBatchId[] {
  const held = new Set(log.batches.map(batchText));
  return acknowledged.filter((batch) => !held.has(batchText(batch)));
}
