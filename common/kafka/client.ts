import { Kafka, logLevel, type LogEntry } from 'kafkajs';

export type { ITopicConfig } from 'kafkajs';
import type { Logger } from '../runtime/log.js';
import { registerCodecs } from './codecs.js';
import { stopIdleTimerLoop } from './idle-timer.js';

export interface KafkaOptions {
  /** host:port of the brokers to ask first. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly log: Logger;
}

/** Above this a request is given up and tried again, milliseconds. */
const REQUEST_TIMEOUT_MS = 15_000;
const CONNECTION_TIMEOUT_MS = 3_000;

export interface RetryLimits {
  readonly retries: number;
  readonly initialRetryTime: number;
  readonly maxRetryTime: number;
}

/** About 6 s in all; whoever calls decides what comes then. */
export const DEFAULT_RETRY: RetryLimits = { retries: 5, initialRetryTime: 100, maxRetryTime: 2_000 };

/** The only place that makes a KafkaJS client, so that another client can take its place. */
export function createKafka(options: KafkaOptions, retry: RetryLimits = DEFAULT_RETRY): Kafka {
  stopIdleTimerLoop();
  registerCodecs();
  const log = options.log.child({ client: options.clientId });
  return new Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    retry: { ...retry },
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => passLog(log, entry),
  });
}

/** What a member of a group is told at each rebalance; KafkaJS logs it as an error for each partition. */
const EVERYDAY = /rebalancing/i;

/** KafkaJS logs each retried connection as an error; with retries above it, that is a warning. */
function passLog(log: Logger, entry: LogEntry): void {
  const omitted = { timestamp: undefined, stack: undefined, message: undefined, logger: undefined };
  const fields = { namespace: entry.namespace, ...entry.log, ...omitted };
  const isTrouble = entry.level === logLevel.ERROR || entry.level === logLevel.WARN;
  const error: unknown = entry.log['error'];
  const isEveryday = typeof error === 'string' && EVERYDAY.test(error);
  if (isTrouble && !isEveryday) log.warn(fields, entry.log.message);
  else log.debug(fields, entry.log.message);
}
