import { randomUUID } from 'node:crypto';
import type { Producer } from '../common/kafka/producer.js';
import type { Component } from '../common/runtime/component.js';
import { createHealthServer } from '../common/runtime/health-server.js';
import type { Logger } from '../common/runtime/log.js';
import { Attributor, hostDevices } from './attribute/attributor.js';
import { Cgroups } from './attribute/cgroups.js';
import { OwnersDirectory } from './attribute/owners-directory.js';
import type { AgentConfig } from './config.js';
import { Ledger } from './ledger/ledger.js';
import { createMetrics } from './metrics.js';
import { Pipeline } from './pipeline.js';
import { BatchBuilder } from './ship/batch-builder.js';
import { ShipQueue } from './ship/queue.js';
import { Shipper } from './ship/shipper.js';
import { Recorder } from './source/recording.js';
import { ReplaySource } from './source/replay-source.js';
import { SocketSource } from './source/socket-source.js';
import type { FrameSource } from './source/source.js';

export interface AgentParts {
  readonly producer: Pick<Producer, 'send' | 'stop'>;
  readonly log: Logger;
  /** The frames ended without having been asked to. */
  readonly onEnd: () => void;
}

/** Largest message: the topic takes 8 MiB, and keys, headers and the record's frame need a little of it. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024 - 64 * 1024;

/** The agent's components, in the order in which they start; nothing is opened before they do. */
export function createAgent(config: AgentConfig, { producer, log, onEnd }: AgentParts): Component[] {
  const metrics = createMetrics();
  const ledger = new Ledger((cause, count) => metrics.lost.inc({ cause }, count));
  const queue = new ShipQueue(
    { maxBatches: config.BELLWETHER_QUEUE_MAX_BATCHES, maxBytes: config.BELLWETHER_QUEUE_MAX_BYTES },
    ledger,
    (batches, bytes) => {
      metrics.queuedBatches.set(batches);
      metrics.queuedBytes.set(bytes);
    },
  );
  const shipper = new Shipper(queue, producer, log, {
    onShipped: ({ windowEndMs }) => {
      metrics.batches.inc();
      metrics.shipDelay.observe(Math.max(0, Date.now() - windowEndMs) / 1_000);
    },
    onFailed: () => metrics.sendFailures.inc(),
  });
  const replaying = config.BELLWETHER_REPLAY !== undefined;
  const cgroups = new Cgroups(log);
  const attributor = new Attributor({
    cgroups,
    // What is recorded has the devices of another host.
    devices: replaying ? () => Promise.resolve(undefined) : hostDevices,
  });
  const pipeline = new Pipeline({
    source: sourceOf(config, log),
    attributor,
    builder: new BatchBuilder({
      host: hostOf(config),
      run: randomUUID(),
      ledger,
      maxMessageBytes: MAX_MESSAGE_BYTES,
    }),
    shipper,
    metrics,
    log,
    recorder: recorderOf(config),
    maxEvents: config.BELLWETHER_MAX_EVENTS,
    paced: replaying && config.BELLWETHER_REPLAY_MODE === 'once',
    expectedWindowMs: config.BELLWETHER_WINDOW_MS,
    onEnd,
  });
  let problems: readonly string[] = [];
  const countProblems = () => metrics.ownersProblems.set(problems.length + attributor.conflicts.length);
  const owners = new OwnersDirectory(config.BELLWETHER_OWNERS_DIR, log, {
    onRules: (rules) => {
      pipeline.setRules(rules);
      countProblems();
    },
    onProblems: (found) => {
      problems = found;
      countProblems();
    },
  });
  const health = createHealthServer({
    host: config.BELLWETHER_LISTEN_HOST,
    port: config.BELLWETHER_AGENT_PORT,
    registry: metrics.registry,
    notReady: () => pipeline.notReady,
    status: () => ({
      ...pipeline.status,
      owners_problems: problems,
      queue: { batches: queue.length, bytes: queue.bytes, kafka_failures: shipper.failures },
    }),
  });
  const connection: Component = { start: () => Promise.resolve(), stop: () => producer.stop() };
  return [health, connection, shipper, cgroups, owners, pipeline];
}

function hostOf(config: AgentConfig) {
  return {
    id: config.BELLWETHER_HOST_ID,
    name: config.BELLWETHER_HOST_NAME,
    region: config.BELLWETHER_REGION,
  };
}

function sourceOf(config: AgentConfig, log: Logger): FrameSource {
  const path = config.BELLWETHER_REPLAY;
  if (path !== undefined) return new ReplaySource({ path, mode: config.BELLWETHER_REPLAY_MODE });
  return new SocketSource(config.BELLWETHER_LOADER_SOCKET ?? '', log);
}

function recorderOf(config: AgentConfig): Recorder | undefined {
  const path = config.BELLWETHER_RECORD;
  return path === undefined ? undefined : new Recorder(path, config.BELLWETHER_RECORD_MAX_BYTES);
}
