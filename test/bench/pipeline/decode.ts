import { decodeSignalBatch } from '../../../common/wire/otlp.js';
import { SeriesHasher } from '../../../processors/writer/identity.js';
import { Preparer } from '../../../processors/writer/prepare.js';
import type { SampleRows } from '../../../processors/writer/rows/sample-rows.js';
import { SamplesBlock } from '../../../processors/writer/rows/samples-block.js';
import { sampleRows } from '../../../processors/writer/rows/samples.js';
import { SIGNALS_TOPIC } from '../../../schema/topics.js';

const HOUR_MS = 3_600_000;
const RETENTION_MS = 48 * HOUR_MS;
const REPEATS = 5;

/** So many messages become one block, as in a flush of 100,000 rows. */
const FLUSH_MESSAGES = 500;

/**
 * Microseconds of processor time a point from a message's bytes to bytes that are ready to be inserted, of each
 * repeat, in this process.
 */
export function measureDecode(messages: readonly Uint8Array[], points: number): number[] {
  const preparer = new Preparer(RETENTION_MS, new SeriesHasher());
  const block = new SamplesBlock();
  let flush: SampleRows[] = [];
  return repeat(messages, points, (value, offset) => {
    const message = { topic: SIGNALS_TOPIC, partition: 0, offset, timestampMs: Date.now(), key: null, value };
    const item = preparer.prepare({ ...message, headers: {} });
    if (item.kind === 'refused') throw new Error(`refused: ${item.detail}`);
    if (item.samples !== undefined) flush.push(item.samples);
    if (flush.length < FLUSH_MESSAGES) return;
    block.of(flush);
    flush = [];
  });
}

/** The same by the general decoder, which says what the messages must mean. */
export function measureGeneralDecode(messages: readonly Uint8Array[], points: number): number[] {
  const hasher = new SeriesHasher();
  return repeat(messages, points, (value) => void sampleRows(decodeSignalBatch(value), hasher));
}

/** The first time, which warms up, does not count. */
function repeat(
  messages: readonly Uint8Array[],
  points: number,
  work: (message: Uint8Array, offset: number) => void,
): number[] {
  return Array.from({ length: REPEATS + 1 }, () => {
    const before = process.cpuUsage();
    messages.forEach(work);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / points;
  }).slice(1);
}
