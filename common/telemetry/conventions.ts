import type { SpanOptions } from './spans.js';

type Attributes = NonNullable<SpanOptions['attributes']>;

const KAFKA = { 'messaging.system': 'kafka' } as const;
const clickHouse = (database: string) => ({ 'db.system.name': 'clickhouse', 'db.namespace': database });

/** Of a PRODUCER span named `send TOPIC`. */
export function sendAttributes(
  topic: string,
  messages: readonly { readonly value: Uint8Array | null }[],
): Attributes {
  const bytes = messages.reduce((sum, { value }) => sum + (value?.byteLength ?? 0), 0);
  return {
    ...KAFKA,
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': topic,
    ...(messages.length === 1
      ? { 'messaging.message.body.size': bytes }
      : { 'messaging.batch.message_count': messages.length, 'bellwether.bytes': bytes }),
  };
}

/** Of a CONSUMER span over a batch of messages; the destination is named when all are of one topic. */
export function processAttributes(topics: ReadonlySet<string>, messages: number, group?: string): Attributes {
  const [first] = topics;
  return {
    ...KAFKA,
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.batch.message_count': messages,
    ...(group === undefined ? {} : { 'messaging.consumer.group.name': group }),
    ...(topics.size === 1 && first !== undefined ? { 'messaging.destination.name': first } : {}),
  };
}

/** Of a CLIENT span named `commit`. */
export function commitAttributes(group: string): Attributes {
  return {
    ...KAFKA,
    'messaging.operation.name': 'commit',
    'messaging.operation.type': 'settle',
    'messaging.consumer.group.name': group,
  };
}

/** Of a CLIENT span named `INSERT TABLE`. */
export function insertAttributes(database: string, table: string, rows: number): Attributes {
  return {
    ...clickHouse(database),
    'db.operation.name': 'INSERT',
    'db.collection.name': table,
    'bellwether.rows': rows,
  };
}

/**
 * Of a CLIENT span named after a query. Its text is left out: the name says which one it is.
 * @param name the plan's
 */
export function queryAttributes(database: string, name: string): Attributes {
  return { ...clickHouse(database), 'db.operation.name': 'SELECT', 'db.query.summary': name };
}
