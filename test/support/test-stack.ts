import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { homePaths } from '../../embedded/supervisor/home.js';
import { portVariable } from '../../embedded/supervisor/machine.js';
import { readStackFile, type StackFile } from '../../embedded/supervisor/stack-file.js';
import { takeDown } from '../../embedded/supervisor/take-down.js';
import { createTerminal } from '../../embedded/supervisor/terminal.js';
import { namespacesWith, processesWith } from './leftovers.js';
import { CODE } from './paths.js';
import { freePorts } from './ports.js';

/** A stack of its own for a run of tests: own home, free ports, own names of network namespaces. */
export interface TestStack {
  readonly info: StackFile;
  /** Stops it. @returns what was left behind, which should be nothing. */
  stop(): Promise<string[]>;
  /** Keeps logs and data for whoever looks for the cause of a failure. */
  keepHome(): void;
}

const PORT_NAMES = ['kafka', 'kafkaController', 'store', 'api', 'writer', 'rollup', 'receiver', 'agent'];

/** @throws Error with the output of the start when it does not get ready. */
export async function startTestStack(say: (line: string) => void): Promise<TestStack> {
  const home = mkdtempSync(join(tmpdir(), 'bellwether-test-'));
  const prefix = `bt${String(process.pid)}-`;
  const ports = await freePorts(PORT_NAMES.length);
  const environment: NodeJS.ProcessEnv = { ...process.env };
  // Not the ones of whoever runs the tests.
  delete environment['KAFKA_BROKERS'];
  delete environment['CLICKHOUSE_URL'];
  PORT_NAMES.forEach((name, index) => (environment[portVariable(name)] = String(ports[index])));
  const main = join(CODE, 'embedded/supervisor/main.js');
  const child = spawn(process.execPath, ['--enable-source-maps', main, '--demo', '--detach'], {
    env: { ...environment, BELLWETHER_HOME: home, BELLWETHER_DEMO_NETNS_PREFIX: prefix },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const take = (chunk: Buffer) => {
    output += chunk.toString('utf8');
    for (const line of chunk.toString('utf8').trimEnd().split('\n')) say(`    ${line}`);
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  await once(child, 'exit');
  const paths = homePaths(home);
  const info = readStackFile(paths.stackFile);
  if (child.exitCode !== 0 || info === undefined) {
    await takeDown(paths, createTerminal({ write: () => true }));
    throw new Error(`the stack did not start (logs: ${paths.log})\n${output}`);
  }
  let keep = false;
  return {
    info,
    keepHome: () => (keep = true),
    stop: async () => {
      await takeDown(paths, createTerminal({ write: (text) => say(`    ${text.trimEnd()}`) }));
      const left = [
        ...processesWith(home).map(({ pid, command }) => `process ${String(pid)} (${command})`),
        ...namespacesWith(prefix).map((name) => `network namespace ${name}`),
      ];
      if (!keep) rmSync(home, { recursive: true, force: true });
      return left;
    },
  };
}
