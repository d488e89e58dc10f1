import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../common/runtime/log.js';
import { formatStorage, kafkaCommand, prepareKafka, waitForKafka, type BrokerOptions } from './broker.js';

export interface RunningBroker {
  readonly brokers: readonly string[];
  readonly pid: number;
  /** SIGTERM, and SIGKILL when that takes more than 10 s. */
  stop(): Promise<void>;
  /** SIGKILL at once, as a crash would. */
  kill(): Promise<void>;
}

const STOP_LIMIT_MS = 10_000;
const START_LIMIT_MS = 60_000;

/** Prepares, formats, starts and waits: a broker as a child of this process, for tests and benches. */
export async function startBroker(options: BrokerOptions, log: Logger): Promise<RunningBroker> {
  await prepareKafka(options.jarsDir, log);
  await formatStorage(options);
  const { command, args, env } = kafkaCommand(options);
  const output = await open(join(options.home, 'kafka', 'broker.log'), 'a');
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', output.fd, output.fd],
  });
  await once(child, 'spawn');
  await output.close();
  const brokers = [`${options.advertisedHost ?? options.listenHost}:${options.port}`];
  const broker = {
    brokers,
    pid: child.pid ?? 0,
    stop: () => end(child, 'SIGTERM'),
    kill: () => end(child, 'SIGKILL'),
  };
  try {
    await waitForKafka(brokers, START_LIMIT_MS, log);
  } catch (error) {
    await broker.kill();
    throw error;
  }
  return broker;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await exited;
  clearTimeout(limit);
}
