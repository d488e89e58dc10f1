import { createRequire } from 'node:module';

/**
 * KafkaJS 2.2.4 arms a timer after each response even when nothing waits and the broker does not throttle
 * (its issues 1704 and 1751): `throttledUntil` is -1, so the delay is negative, the timer fires after 1 ms
 * and arms itself again: about 700 wake-ups a second for each connection, for ever.
 * Here the timer is armed only when a request waits in the queue; nothing else in KafkaJS relies on it.
 */
type Schedule = (this: unknown) => void;

let patched = false;

/** Idempotent. Does nothing when KafkaJS no longer has the method. */
export function stopIdleTimerLoop(): void {
  if (patched) return;
  patched = true;
  const requestQueue: unknown = createRequire(import.meta.url)('kafkajs/src/network/requestQueue');
  if (typeof requestQueue !== 'function') return;
  const prototype: unknown = requestQueue.prototype;
  if (typeof prototype !== 'object' || prototype === null) return;
  const original: unknown = Reflect.get(prototype, 'scheduleCheckPendingRequests');
  if (!isSchedule(original)) return;
  Reflect.set(prototype, 'scheduleCheckPendingRequests', function schedule(this: unknown) {
    if (somethingWaits(this)) original.call(this);
  });
}

function isSchedule(value: unknown): value is Schedule {
  return typeof value === 'function';
}

function somethingWaits(queue: unknown): boolean {
  if (typeof queue !== 'object' || queue === null || !('pending' in queue)) return true;
  return !Array.isArray(queue.pending) || queue.pending.length > 0;
}
