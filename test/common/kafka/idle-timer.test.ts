import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { stopIdleTimerLoop } from '../../../common/kafka/idle-timer.js';

const queueClass = z.custom<{ prototype: { scheduleCheckPendingRequests(this: unknown): void } }>(
  (value) => typeof value === 'function',
);

describe("KafkaJS's idle timer", () => {
  it('is armed only when a request waits', () => {
    stopIdleTimerLoop();
    const { prototype } = queueClass.parse(
      createRequire(import.meta.url)('kafkajs/src/network/requestQueue'),
    );
    const timerAfter = (pending: unknown[]) => {
      const queue = { pending, throttledUntil: -1, throttleCheckTimeoutId: null };
      prototype.scheduleCheckPendingRequests.call(queue);
      const timer: unknown = queue.throttleCheckTimeoutId;
      if (timer !== null) clearTimeout(z.custom<NodeJS.Timeout>().parse(timer));
      return timer;
    };
    assert.equal(timerAfter([]), null);
    assert.notEqual(timerAfter(['request']), null);
  });
});
