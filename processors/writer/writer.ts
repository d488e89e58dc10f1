import type { GroupConsumer, ReceivedMessage } from '../../common/kafka/consumer.js';
import type { OffsetReader } from '../../common/kafka/partition-offsets.js';
import type { Producer } from '../../common/kafka/producer.js';
import { systemClock, type Clock } from '../../common/runtime/clock.js';
import type { Component } from '../../common/runtime/component.js';
import { BellwetherError } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import { commitAttributes } from '../../common/telemetry/telemetry.js';
import { deadLetterTopic, EVENTS_TOPIC, PROGRESS_TOPIC, SIGNALS_TOPIC } from '../../schema/topics.js';
import { sendDeadLetters, sendProgress } from './announce.js';
import type { Collector } from './collector.js';
import type { WriterMetrics } from './metrics.js';
import type { Item, Prepared, Preparer } from './prepare.js';
import { Stopped } from './retry.js';
import type { Store } from './store.js';
import { batchSpan, inSpan } from './trace.js';

/** What the writer reads. */
export const INPUT_TOPICS = [SIGNALS_TOPIC, EVENTS_TOPIC] as const;
/** What it must be able to write to before it reads anything. */
const OUTPUT_TOPICS = [...INPUT_TOPICS.map(deadLetterTopic), PROGRESS_TOPIC];

export interface WriterParts {
  readonly collector: Collector;
  readonly preparer: Preparer;
  readonly store: Store;
  readonly consumer: GroupConsumer;
  readonly producer: Producer;
  readonly offsetReader: OffsetReader;
  /** The consumer's group, as its spans name it. */
  readonly groupId?: string;
  readonly metrics: WriterMetrics;
  readonly log: Logger;
  /** Aborted to give up what is being tried again. */
  readonly giveUp: AbortController;
  /** Whose time passes; the machine's without it. */
  readonly clock?: Clock | undefined;
  /** The process should end; what is not committed is replayed. */
  readonly onFatal: (error: unknown) => void;
}

/** How long a stop tries to store what is in memory; the rest is replayed at the next start. */
const DRAIN_LIMIT_MS = 8_000;

/** Takes one message in; what a consumer calls. */
export function takeIn(parts: Pick<WriterParts, 'collector' | 'preparer' | 'metrics'>) {
  return (message: ReceivedMessage): void => {
    parts.metrics.messages.inc({ topic: message.topic });
    const item = parts.preparer.prepare(message);
    if (item.foreign !== undefined) parts.metrics.countForeign(item.foreign);
    parts.collector.add(item);
  };
}

/** The flush loop: one group of messages after the other, each stored, announced and then committed. */
export function createWriter(parts: WriterParts): Component {
  let loop: Promise<void> | undefined;
  return {
    async start() {
      await refuseUnreachable(parts.offsetReader);
      loop = flushLoop(parts).catch((error: unknown) => {
        if (!(error instanceof Stopped)) parts.onFatal(error);
      });
      await parts.consumer.start();
    },
    async stop() {
      parts.consumer.quiesce();
      parts.collector.drain();
      const drained = new AbortController();
      const limit = (parts.clock ?? systemClock).sleep(DRAIN_LIMIT_MS, drained.signal);
      // After the loop has ended nothing is left to be given up.
      void limit.then(() => parts.giveUp.abort());
      await loop;
      drained.abort();
      await parts.consumer.stop();
    },
  };
}

/** Without its dead-letter topics the writer would have to lose or to block on the first bad message. */
async function refuseUnreachable(reader: OffsetReader): Promise<void> {
  const missing = await reader.unreachable([...INPUT_TOPICS, ...OUTPUT_TOPICS]);
  if (missing.length === 0) return;
  throw new BellwetherError(
    'kafka_unavailable',
    `the writer does not start without ${missing.join(', ')}: make the topics with dist/schema/main.js, or wait for their leaders`,
  );
}

async function flushLoop(parts: WriterParts): Promise<void> {
  for (;;) {
    const items = await parts.collector.next();
    if (items === undefined) break;
    const end = parts.metrics.flushSeconds.startTimer();
    await inSpan(
      'process',
      () => flush(parts, items),
      () => batchSpan(items, parts.groupId ?? ''),
    );
    end();
  }
  await parts.consumer.commit();
}

/** The order is the promise: rows, then dead letters, then progress, then offsets. A kill anywhere replays. */
async function flush(parts: WriterParts, items: readonly Item[]): Promise<void> {
  const prepared = items.filter((item) => item.kind === 'prepared');
  const unreadable = items.filter((item) => item.kind === 'refused');
  const storeRefused = await parts.store.insert(prepared);
  const lost = new Set(storeRefused.map(({ message }) => message));
  const stored = prepared.filter(({ message }) => !lost.has(message));
  const partly = stored.flatMap((item) => item.partly ?? []);
  await sendDeadLetters(parts, [...unreadable, ...partly, ...storeRefused]);
  await sendProgress(parts, stored);
  for (const { message } of items) parts.consumer.offsets.done(message, message.offset);
  count(parts.metrics, stored, (parts.clock ?? systemClock).unixMs());
  await inSpan(
    'commit',
    () => parts.consumer.commit(),
    () => ({ kind: 'client', attributes: commitAttributes(parts.groupId ?? '') }),
  );
}

function count(metrics: WriterMetrics, stored: readonly Prepared[], nowMs: number): void {
  for (const { window, message } of stored) {
    metrics.recordDelay.observe(Math.max(0, nowMs - message.timestampMs) / 1_000);
    if (window === undefined) continue;
    metrics.windowDelay.observe(Math.max(0, nowMs - window.endMs) / 1_000);
    metrics.batches.inc();
    metrics.points.inc(window.points);
    metrics.droppedPackets.inc(window.droppedPackets);
    const end = window.endMs / 1_000;
    if (end > metrics.newestWindowEnd) metrics.newestWindowEnd = end;
  }
}
