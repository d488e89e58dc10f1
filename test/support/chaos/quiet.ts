import { pino } from 'pino';
import { z } from 'zod';
import { DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { createOffsetReader } from '../../../common/kafka/partition-offsets.js';
import { logRanges, readRanges } from '../../../common/kafka/topic-reader.js';
import { readFound } from '../../../processors/dead-letters/letter.js';
import { deadLetterTopic, EVENTS_TOPIC, SIGNALS_TOPIC } from '../../../schema/topics.js';
import { untilDespiteErrors } from '../until.js';

const INPUT_TOPICS = [SIGNALS_TOPIC, EVENTS_TOPIC];
const counted = z.object({ n: z.coerce.number() });

/** Waits until the writers have committed all that the topics hold. */
export async function untilWritten(brokers: readonly string[], limitMs: number): Promise<void> {
  await untilDespiteErrors('the writers have committed all', async () => (await lag(brokers)) === 0, limitMs);
}

/** Messages that are not committed. */
async function lag(brokers: readonly string[]): Promise<number> {
  const kafka = { brokers, clientId: 'test', log: pino({ level: 'silent' }) };
  const reader = createOffsetReader({ ...kafka, groupId: 'bellwether-writer', topics: INPUT_TOPICS });
  await reader.start();
  try {
    const offsets = await reader.read();
    return offsets.reduce((sum, { high, low, committed }) => sum + high - (committed ?? low), 0);
  } finally {
    await reader.stop();
  }
}

/** Waits until each minute and hour that was written to before `end` was recomputed from all of its writes. */
export async function untilRolledUp(client: ClickHouseClient, endMs: number, limitMs: number): Promise<void> {
  const end = `toDateTime(${String(Math.floor(endMs / 1_000))}, 'UTC')`;
  const dirty = (resolution: string, bucket: string) => `
    SELECT count() AS n FROM (
      SELECT ${bucket} AS bucket, sum(writes) AS writes FROM ${DATABASE}.touches WHERE minute < ${end} GROUP BY bucket
    ) AS touched LEFT JOIN (
      SELECT bucket, writes FROM ${DATABASE}.seals FINAL WHERE resolution = '${resolution}'
    ) AS sealed USING bucket
    WHERE touched.writes != sealed.writes`;
  for (const [resolution, bucket] of [
    ['minute', 'minute'],
    ['hour', 'toStartOfHour(minute)'],
  ] as const) {
    const isClean = async () => {
      const result = await client.query({ query: dirty(resolution, bucket), format: 'JSONEachRow' });
      return z.array(counted).parse(await result.json())[0]?.n === 0;
    };
    await untilDespiteErrors(`each ${resolution} is recomputed`, isClean, limitMs);
  }
}

/** Messages that the writers gave up: with sound messages there are none. Records of replays are not counted. */
export async function deadLetters(brokers: readonly string[]): Promise<number> {
  const kafka = { brokers, clientId: 'test', log: pino({ level: 'silent' }) };
  let letters = 0;
  for (const topic of INPUT_TOPICS) {
    const ranges = await logRanges(kafka, deadLetterTopic(topic), { newest: Number.MAX_SAFE_INTEGER });
    await readRanges(kafka, ranges, (message) => {
      if (readFound(message).kind === 'letter') letters += 1;
    });
  }
  return letters;
}
