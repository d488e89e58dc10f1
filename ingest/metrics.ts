import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The agent's own metrics: what it took, passed on and lost. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const shipDelay = new Histogram({
    name: 'bellwether_agent_ship_delay_seconds',
    help: "From a window's end until Kafka has its batch.",
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3_600],
    registers: [registry],
  });
  return { registry, shipDelay, ...counters([registry]), ...gauges([registry]) };
}

function counters(registers: Registry[]) {
  return {
    frames: new Counter({
      name: 'bellwether_agent_frames_total',
      help: 'Frames taken from the loader or the recording, by type.',
      labelNames: ['type'],
      registers,
    }),
    windows: new Counter({ name: 'bellwether_agent_windows_total', help: 'Windows finished.', registers }),
    points: new Counter({
      name: 'bellwether_agent_points_total',
      help: 'Points put into batches.',
      registers,
    }),
    events: new Counter({
      name: 'bellwether_agent_events_total',
      help: 'Sampled drops put into batches.',
      registers,
    }),
    batches: new Counter({
      name: 'bellwether_agent_batches_shipped_total',
      help: 'Batches that Kafka has.',
      registers,
    }),
    sendFailures: new Counter({
      name: 'bellwether_agent_send_failures_total',
      help: 'Attempts to send a batch that failed; each is tried again.',
      registers,
    }),
    lost: new Counter({
      name: 'bellwether_agent_lost_total',
      help: 'Measurements, events or points lost on this host, by cause; each is also told in a batch.',
      labelNames: ['cause'],
      registers,
    }),
    unattributed: new Counter({
      name: 'bellwether_agent_unattributed_total',
      help: 'Values that found no owner, by signal.',
      labelNames: ['signal'],
      registers,
    }),
  };
}

function gauges(registers: Registry[]) {
  return {
    queuedBatches: new Gauge({
      name: 'bellwether_agent_queue_batches',
      help: 'Batches that wait for Kafka.',
      registers,
    }),
    queuedBytes: new Gauge({
      name: 'bellwether_agent_queue_bytes',
      help: 'Bytes that wait for Kafka.',
      registers,
    }),
    ownersProblems: new Gauge({
      name: 'bellwether_agent_owners_problems',
      help: "Owners' files that are not valid and rules that contradict each other.",
      registers,
    }),
    rules: new Gauge({ name: 'bellwether_agent_owners_rules', help: "Owners' rules in force.", registers }),
    namespaces: new Gauge({
      name: 'bellwether_agent_namespaces',
      help: 'Named network namespaces.',
      registers,
    }),
    unknownReasons: new Gauge({
      name: 'bellwether_agent_unknown_reasons',
      help: 'Drop reasons of this kernel that the taxonomy lacks: an alarm, their drops count as unknown.',
      registers,
    }),
    lastWindowEnd: new Gauge({
      name: 'bellwether_agent_last_window_end_seconds',
      help: 'End of the last window that was finished, Unix time.',
      registers,
    }),
  };
}

export type AgentMetrics = ReturnType<typeof createMetrics>;
