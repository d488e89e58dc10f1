/**
 * The sending process of a simulated fleet: paced batches to signals.v1 by the project's own producer; each one that
 * the broker has acknowledged becomes a line of a file. Ends with 0 when all of its batches are acknowledged.
 */
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { createProducer, type Producer } from '../../../common/kafka/producer.js';
import { messageOf } from '../../../common/runtime/errors.js';
import { SIGNALS_TOPIC } from '../../../schema/topics.js';
import { batchText, noteAcknowledged } from './acknowledged.js';
import { encodeFleet, type EncodedFleet } from './encoded.js';
import { hostId, windowStart, type FleetBatchId } from './plan.js';
import { BATCH_HEADER, senderSettings, SETTINGS, type SenderSettings } from './sender-settings.js';

const MIB = 1024 * 1024;
/** Between two looks at what is due, milliseconds. */
const TICK_MS = 20;
/** Batches of one send: some MiB before compression. What is late is made up for in sends of this size. */
const MOST_AT_ONCE = 96;
const PAUSE_AFTER_FAILURE_MS = 100;

async function main(): Promise<void> {
  const settings = senderSettings.parse(JSON.parse(process.env[SETTINGS] ?? ''));
  const log = pino({ level: 'warn' });
  const producer = createProducer({
    brokers: settings.brokers,
    clientId: 'fleet',
    log,
    maxMessageBytes: 8 * MIB,
    compression: settings.compression,
  });
  const file = openSync(settings.acknowledgedFile, 'a');
  const fleet = encodeFleet(settings.plan);
  const due = dueAt(settings, performance.now(), Date.now());
  for (let next = settings.from; next < settings.to;) {
    const now = performance.now();
    const group: FleetBatchId[] = [];
    while (next < settings.to && group.length < MOST_AT_ONCE && due(next) <= now) {
      group.push(batchNumber(settings, next));
      next += 1;
    }
    if (group.length === 0) {
      await sleep(TICK_MS);
      continue;
    }
    await sendUntilAcknowledged(producer, settings, fleet, group);
    noteAcknowledged(file, group);
  }
  await producer.stop();
}

/** The batches in their order: all hosts of a window, then the next window. */
function batchNumber({ plan, run }: SenderSettings, number: number): FleetBatchId {
  return { host: number % plan.hosts, window: Math.floor(number / plan.hosts), run };
}

/** When a batch is to be sent, on the clock of `performance.now`. */
function dueAt(settings: SenderSettings, start: number, startMs: number): (number: number) => number {
  const { plan, pace, from } = settings;
  if (pace.kind === 'rate') {
    const msPerBatch = (plan.pointsPerBatch * 1_000) / pace.pointsPerSecond;
    return (number) => start + (number - from) * msPerBatch;
  }
  return (number) => {
    const end = windowStart(plan, Math.floor(number / plan.hosts) + 1);
    return start + (end - startMs) + ((number % plan.hosts) * pace.spreadMs) / plan.hosts;
  };
}

/** Again and again under the same identity, as an agent does: what arrived twice is one batch. */
async function sendUntilAcknowledged(
  producer: Producer,
  { plan }: SenderSettings,
  fleet: EncodedFleet,
  group: readonly FleetBatchId[],
): Promise<void> {
  const messages = group.map((batch) => ({
    key: hostId(plan, batch.host),
    value: fleet.encode(batch),
    headers: { [BATCH_HEADER]: batchText(batch) },
  }));
  for (;;) {
    try {
      await producer.send(SIGNALS_TOPIC, messages);
      return;
    } catch (error) {
      process.stderr.write(`not acknowledged, sending again: ${messageOf(error)}\n`);
      await sleep(PAUSE_AFTER_FAILURE_MS);
    }
  }
}

await main();
