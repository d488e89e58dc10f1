import { keyOf, type Position } from '../../../common/kafka/offset-tracker.js';
import type { SimConsumer } from './consumer.js';

/** Commits what was delivered, as a client's automatic commit does. */
export function commitDelivered(consumer: SimConsumer): void {
  const delivered = consumer.offsets.delivered.bind(consumer.offsets);
  const last = new Map<string, Position>();
  consumer.offsets.delivered = (at, offset) => {
    last.set(keyOf(at), { topic: at.topic, partition: at.partition, offset: offset + 1 });
    delivered(at, offset);
  };
  consumer.offsets.toCommit = () => mine(consumer, last);
}

/** Commits the highest offset that is done instead of the contiguous prefix. */
export function commitHighestDone(consumer: SimConsumer): void {
  const done = consumer.offsets.done.bind(consumer.offsets);
  const highest = new Map<string, Position>();
  consumer.offsets.done = (at, offset) => {
    const known = highest.get(keyOf(at))?.offset ?? 0;
    const { topic, partition } = at;
    highest.set(keyOf(at), { topic, partition, offset: Math.max(known, offset + 1) });
    done(at, offset);
  };
  consumer.offsets.toCommit = () => mine(consumer, highest);
}

function mine(consumer: SimConsumer, positions: ReadonlyMap<string, Position>): Position[] {
  const assigned = new Set(consumer.assignment().map(keyOf));
  return [...positions.values()].filter((position) => assigned.has(keyOf(position)));
}
