import { PROGRESS_TOPIC } from '../../../schema/topics.js';
import { refused, type Item } from '../../../processors/writer/prepare.js';
import { progressMessages } from '../../../processors/writer/progress.js';
import { commitDelivered, commitHighestDone } from './commit-faults.js';
import type { Planted } from './planted.js';
import type { Row } from './rows.js';
import type { WriterMember } from './writer-member.js';

/** Mistakes that somebody could make in the writer. */
export const WRITER_FAULTS: readonly Planted<WriterMember>[] = [
  { name: 'commit before insert', breaks: ['committed only what is stored'], plant: commitBeforeInsert },
  {
    name: 'commit of what is delivered',
    breaks: ['committed only what is stored', 'dead letters: each poison, nothing else'],
    plant: ({ consumer }) => commitDelivered(consumer),
  },
  {
    name: 'commit of the highest that is done',
    breaks: ['committed only what is stored', 'dead letters: each poison, nothing else'],
    plant: commitHighest,
  },
  { name: 'batches first', breaks: ['batches never says more than samples'], plant: batchesFirst },
  { name: 'progress before insert', breaks: ['progress after the rows'], plant: progressFirst },
  { name: 'touches before insert', breaks: ['touches after the rows'], plant: touchesFirst },
  { name: 'no touches', breaks: ['touches after the rows'], plant: noTouches },
  {
    name: 'dead letter after commit',
    breaks: ['dead letters: each poison, nothing else'],
    plant: deadLetterLast,
  },
  {
    name: 'one poison takes its neighbours along',
    breaks: ['dead letters: each poison, nothing else'],
    plant: poisonSpreads,
  },
  { name: 'a new identity at each try', breaks: ['each row once'], plant: newIdentity },
  {
    name: 'a failed insert counts as done',
    breaks: [
      'committed only what is stored',
      'batches never says more than samples',
      'touches after the rows',
    ],
    plant: ignoreErrors,
  },
];

function commitBeforeInsert({ store, consumer }: WriterMember): void {
  const insert = store.insert.bind(store);
  const done = consumer.offsets.done.bind(consumer.offsets);
  const early = new WeakSet();
  store.insert = async (messages) => {
    for (const { message } of messages) {
      early.add(message);
      done(message, message.offset);
    }
    await consumer.commit();
    return insert(messages);
  };
  consumer.offsets.done = (at, offset) => {
    if (!early.has(at)) done(at, offset);
  };
}

/** Right as long as messages are stored in their order; here the newer half of a group comes first. */
function commitHighest({ consumer, collector }: WriterMember): void {
  const next = collector.next.bind(collector);
  let older: readonly Item[] = [];
  collector.next = async () => {
    const items = older.length > 0 ? older : ((await next()) ?? []);
    const middle = items === older ? 0 : items.length >> 1;
    older = items.slice(0, middle);
    return items.length === 0 ? undefined : items.slice(middle);
  };
  commitHighestDone(consumer);
}

function batchesFirst(member: WriterMember): void {
  const { insert } = member;
  let held: readonly Row[] = [];
  member.insert = async (table, rows) => {
    if (table === 'samples') {
      held = rows;
      return;
    }
    await insert(table, rows);
    if (table === 'batches' && held.length > 0) await insert('samples', held);
  };
}

function progressFirst({ store, producer }: WriterMember): void {
  const insert = store.insert.bind(store);
  const send = producer.send.bind(producer);
  store.insert = async (messages) => {
    await insist(() => send(PROGRESS_TOPIC, progressMessages(messages)));
    return insert(messages);
  };
  producer.send = (topic, messages) => (topic === PROGRESS_TOPIC ? Promise.resolve() : send(topic, messages));
}

function touchesFirst(member: WriterMember): void {
  const { insert } = member;
  member.insert = async (table, rows) => {
    if (table === 'touches') return;
    if (table === 'samples') await insert('touches', minutesOf(rows));
    await insert(table, rows);
  };
}

function minutesOf(samples: readonly Row[]): Row[] {
  const minutes = new Set(samples.map(({ fields }) => Math.floor(Number(fields['time']) / 60_000) * 60));
  return [...minutes].map((minute) => ({ key: String(minute), content: '', fields: { minute, writes: 1n } }));
}

function noTouches(member: WriterMember): void {
  const { insert } = member;
  member.insert = async (table, rows) => {
    if (table !== 'touches') await insert(table, rows);
  };
}

function deadLetterLast({ producer, consumer }: WriterMember): void {
  const send = producer.send.bind(producer);
  const commit = consumer.commit.bind(consumer);
  const later: (() => Promise<void>)[] = [];
  producer.send = (topic, messages) => {
    if (!topic.endsWith('.dlq')) return send(topic, messages);
    later.push(() => send(topic, messages));
    return Promise.resolve();
  };
  consumer.commit = async () => {
    const committed = await commit();
    for (const one of later.splice(0)) await insist(one);
    return committed;
  };
}

function poisonSpreads({ store }: WriterMember): void {
  const insert = store.insert.bind(store);
  store.insert = async (messages) => {
    const bad = await insert(messages);
    return bad.length === 0
      ? []
      : messages.map(({ message }) => refused(message, 'store_refused', 'all of them'));
  };
}

/** A source from a counter instead of from the message. */
function newIdentity(member: WriterMember): void {
  const { insert } = member;
  let counter = 0;
  member.insert = async (table, rows) => {
    counter += 1;
    await insert(
      table,
      table === 'samples' ? rows.map((row) => ({ ...row, key: `${row.key}|${counter}` })) : rows,
    );
  };
}

function ignoreErrors(member: WriterMember): void {
  const { insert } = member;
  member.insert = (table, rows) => insert(table, rows).catch(() => undefined);
}

async function insist(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch {
      // The simulated way lets it through before long.
    }
  }
}
