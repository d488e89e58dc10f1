import { z } from 'zod';
import type { ClickHouseClient } from '../../common/clickhouse/connection.js';
import type { KafkaOptions } from '../../common/kafka/client.js';
import { createOffsetReader } from '../../common/kafka/partition-offsets.js';
import { SIGNALS_TOPIC } from '../../schema/topics.js';

const counts = z.object({ touched: z.coerce.number(), stand: z.coerce.number() });

/** Buckets that were written to, and those of them whose seal has seen all writes: what a reader may use. */
export async function standing(
  client: ClickHouseClient,
  resolution: 'minute' | 'hour' | 'day',
): Promise<z.output<typeof counts>> {
  const bucket = { minute: 'minute', hour: 'toStartOfHour(minute)', day: 'toStartOfDay(minute)' }[resolution];
  const result = await client.query({
    query: `SELECT count() AS touched, countIf(written = seal) AS stand
      FROM (SELECT ${bucket} AS start, sum(writes) AS written FROM bellwether.touches GROUP BY start) AS touches
      LEFT JOIN (
        SELECT bucket AS start, max(writes) AS seal FROM bellwether.seals WHERE resolution = '${resolution}' GROUP BY start
      ) AS seals USING (start)`,
    format: 'JSONEachRow',
  });
  const [row] = z.array(counts).parse(await result.json());
  return row ?? { touched: 0, stand: 0 };
}

/** Whether the writer has committed all that the signals' topic holds. */
export async function allRead(kafka: KafkaOptions): Promise<boolean> {
  const reader = createOffsetReader({ ...kafka, groupId: 'bellwether-writer', topics: [SIGNALS_TOPIC] });
  await reader.start();
  try {
    const offsets = await reader.read();
    return offsets.every(({ high, low, committed }) => (committed ?? low) >= high);
  } finally {
    await reader.stop();
  }
}
