import type { ClickHouseClient } from '../../common/clickhouse/connection.js';
import type { KafkaOptions } from '../../common/kafka/client.js';
import { createOffsetReader, type PartitionOffsets } from '../../common/kafka/partition-offsets.js';
import { logRanges, readRanges, type LogRange } from '../../common/kafka/topic-reader.js';
import { SIGNALS_TOPIC } from '../../schema/topics.js';
import { judgeMessages } from './judge.js';
import { readLetters } from './letters.js';
import { Adding, newReport, type Totals, type WindowReport } from './report.js';
import { readSaid, type Said } from './said.js';
import { readStored, readStrays } from './stored.js';

export interface VerifyOptions {
  readonly kafka: KafkaOptions;
  readonly client: ClickHouseClient;
  /** The writers' consumer group. */
  readonly groupId: string;
  /** Windows that begin in [fromMs, toMs), Unix milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** How long `samples` keeps rows, milliseconds: older windows are gone rightly. */
  readonly retentionMs: number;
  /** Messages held in memory at once. */
  readonly chunkMessages?: number;
  /** Is told of each host and window, in the order of the log: late ones late. */
  readonly onWindow: (report: WindowReport) => void;
}

/** A host's clock may be ahead of the broker's by so much. */
const AHEAD_MS = 300_000;
const HOUR_MS = 3_600_000;
/** About 60 MB, and 20 million points: an hour of the log is then read from the tables about once. */
const CHUNK_MESSAGES = 100_000;

/**
 * Holds the log against the tables. Offsets are read first, then the log, then the tables: so what is committed
 * must be found. Memory is bounded by the chunk, whatever the range.
 * @throws BellwetherError `kafka_unavailable`; whatever the client throws when the store does not answer.
 */
export async function verify(options: VerifyOptions): Promise<Totals> {
  const { kafka, client, toMs } = options;
  const keptFromMs = Date.now() - options.retentionMs + AHEAD_MS;
  const fromMs = Math.max(options.fromMs, keptFromMs);
  const offsets = await readOffsets(options);
  const letters = await readLetters(kafka, fromMs - AHEAD_MS);
  const committed = new Map(offsets.map((at) => [at.partition, at.committed ?? 0]));
  // To the end of the log: a window may come late.
  const ranges = await logRanges(kafka, SIGNALS_TOPIC, { fromMs: fromMs - AHEAD_MS, newest: Infinity });
  const adding = new Adding();
  const tell = (report: WindowReport) => {
    adding.add(report);
    options.onWindow(report);
  };
  for (const chunk of chunksOf(ranges, options.chunkMessages ?? CHUNK_MESSAGES)) {
    const messages = await readChunk({ ...options, fromMs }, chunk);
    const stored = await readStored(client, messages);
    judgeMessages(messages, { stored, committed, letters }).forEach(tell);
  }
  // Between the two inserts of a flush that is under way, such rows are as they must be.
  if (adding.pending === 0) {
    for (let hour = fromMs; hour < toMs; hour += HOUR_MS) {
      const strays = await readStrays(client, hour, Math.min(toMs, hour + HOUR_MS));
      strays.forEach(({ host, windowMs, rows }) => {
        const report = newReport(host, windowMs);
        report.problems.push(`${String(rows)} rows in samples belong to no batch of the ledger`);
        tell(report);
      });
    }
  }
  const notes = notesOf(letters.notLooked, adding.pending, offsets);
  if (fromMs > options.fromMs) notes.push(`samples are kept from ${new Date(fromMs).toISOString()}`);
  return adding.totals(expiredUnread(offsets), notes);
}

async function readOffsets({ kafka, groupId }: VerifyOptions): Promise<PartitionOffsets[]> {
  const reader = createOffsetReader({ ...kafka, groupId, topics: [SIGNALS_TOPIC] });
  await reader.start();
  try {
    return await reader.read();
  } finally {
    await reader.stop();
  }
}

/** Stretches of all partitions side by side, so that a window's messages are mostly in one of them. */
function* chunksOf(ranges: readonly LogRange[], messages: number): Generator<LogRange[]> {
  const length = Math.max(1, Math.floor(messages / Math.max(1, ranges.length)));
  const longest = ranges.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  for (let from = 0; from < longest; from += length) {
    yield ranges.flatMap((range) => {
      const start = range.start + from;
      return start < range.end ? [{ ...range, start, end: Math.min(range.end, start + length) }] : [];
    });
  }
}

/** What the messages say that are about the range. */
async function readChunk({ kafka, fromMs, toMs }: VerifyOptions, chunk: LogRange[]): Promise<Said[]> {
  const messages: Said[] = [];
  await readRanges(kafka, chunk, (message) => {
    const said = readSaid(message);
    if (said.toMs >= fromMs && said.windowMs < toMs) messages.push(said);
  });
  return messages;
}

/** Messages that the log no longer holds and the group has not committed. */
function expiredUnread(offsets: readonly PartitionOffsets[]): number {
  return offsets.reduce(
    (sum, { low, committed }) => sum + (committed === null ? 0 : Math.max(0, low - committed)),
    0,
  );
}

function notesOf(notLooked: number, pending: number, offsets: readonly PartitionOffsets[]): string[] {
  const notes: string[] = [];
  if (notLooked > 0)
    notes.push(`${String(notLooked)} older messages of the dead-letter topic were not looked at`);
  if (pending > 0) notes.push('rows without a batch were not looked for: something is pending');
  if (offsets.every(({ committed }) => committed === null)) notes.push('the group has committed nothing yet');
  return notes;
}
