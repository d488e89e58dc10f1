/**
 * `agent`: what watching costs. CPU and memory of loader and agent at rest and under load, and the mean
 * nanoseconds of each BPF program net of an empty program on the same hook in the same run.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { LoaderClient } from '../bpf/loader-client.js';
import * as network from '../bpf/network.js';
import { testProgram } from '../bpf/programs.js';
import type { StackInfo } from '../promises/promise.js';
import type { Bench, BenchContext } from './bench.js';

const NEAR = 'bwbench-near';
const FAR = 'bwbench-far';
const FAR_ADDRESS = '10.94.0.2';
const REST_SECONDS = 20;
const LOAD_SECONDS = 10;
/** Below that the first, coldest runs are most of them. */
const RUNS_THAT_MEAN_SOMETHING = 1000;
const STATS = '/proc/sys/kernel/bpf_stats_enabled';
/** USER_HZ: what /proc counts processor time in, on every Linux. */
const TICKS_PER_SECOND = 100;

/** Program of ours, and the empty one on its hook. */
const PAIRS = [
  { name: 'kfree_skb_rx_sk', empty: 'empty_drop', unit: 'drop' },
  { name: 'tcp_segment', empty: 'empty_segment', unit: 'segment' },
  { name: 'tcp_state', empty: 'empty_state', unit: 'state change' },
  { name: 'tcp_retransmit', empty: 'empty_resend', unit: 'retransmit' },
] as const;

interface Watched {
  readonly name: string;
  readonly pid: number;
}

interface Cost {
  readonly runs: number;
  readonly ns: number;
}

const programs = z.array(
  z.object({
    name: z.string().optional(),
    run_time_ns: z.number().default(0),
    run_cnt: z.number().default(0),
  }),
);

/** Time and runs of every BPF program by name, added over programs of one name. */
function readCosts(): Map<string, Cost> {
  const costs = new Map<string, Cost>();
  const listed = programs.parse(
    JSON.parse(execFileSync('bpftool', ['-j', 'prog', 'show'], { encoding: 'utf8' })),
  );
  for (const { name, run_cnt: runs, run_time_ns: ns } of listed) {
    if (name === undefined) continue;
    const before = costs.get(name) ?? { runs: 0, ns: 0 };
    costs.set(name, { runs: before.runs + runs, ns: before.ns + ns });
  }
  return costs;
}

function ticksOf(pid: number): number {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function residentMib(pid: number): number {
  const pages = Number(readFileSync(`/proc/${String(pid)}/statm`, 'utf8').split(' ')[1]);
  return (pages * 4096) / 2 ** 20;
}

/** Processor time of each process while `action` runs. */
async function use(watched: readonly Watched[], action: () => Promise<unknown>): Promise<string> {
  const begun = process.hrtime.bigint();
  const before = watched.map(({ pid }) => ticksOf(pid));
  await action();
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  const parts: string[] = [];
  let total = 0;
  watched.forEach(({ name, pid }, i) => {
    const share = (ticksOf(pid) - (before[i] ?? 0)) / TICKS_PER_SECOND / seconds;
    total += share;
    parts.push(`${name} ${(share * 100).toFixed(2)} % of a core, ${residentMib(pid).toFixed(0)} MiB`);
  });
  const host = (total / cpus().length) * 100;
  return `${parts.join('; ')}; together ${host.toFixed(2)} % of the host`;
}

function makeNetwork(): void {
  for (const name of [NEAR, FAR]) network.addNetns(name);
  network.join({ netns: NEAR, device: 'eth0' }, { netns: FAR, device: 'eth0' });
  network.address(NEAR, 'eth0', '10.94.0.1/24');
  network.address(FAR, 'eth0', `${FAR_ADDRESS}/24`);
}

/** Runs a command inside NEAR to its end without blocking this process. */
async function inNear(command: string, ...args: string[]): Promise<string> {
  const child = spawn('ip', ['netns', 'exec', NEAR, command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await new Promise((resolve) => child.once('close', resolve));
  return output;
}

async function iperf(seconds: number): Promise<string> {
  const server = spawn('ip', ['netns', 'exec', FAR, 'iperf3', '-s', '-1'], { stdio: 'ignore' });
  await sleep(300);
  const output = await inNear('iperf3', '-c', FAR_ADDRESS, '-t', String(seconds), '-J');
  server.kill();
  const report = z
    .object({ end: z.object({ sum_received: z.object({ bits_per_second: z.number() }) }) })
    .parse(JSON.parse(output));
  return `${(report.end.sum_received.bits_per_second / 1e9).toFixed(1)} Gbit/s`;
}

const flood = (seconds: number): Promise<string> =>
  inNear(testProgram('flood'), FAR_ADDRESS, '9', '1', String(seconds));

/** The same drops, one at a time with a pause: what a drop costs when the caches have forgotten us. */
async function trickle(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await flood(0.0001);
    await sleep(100);
  }
}

/** What each program of ours cost during `action`, with an empty one beside it. */
async function costsOf(what: string, action: () => Promise<unknown>): Promise<string[]> {
  const before = readCosts();
  await action();
  const after = readCosts();
  const costOf = (name: string): Cost => {
    const [from, to] = [before.get(name), after.get(name)];
    return { runs: (to?.runs ?? 0) - (from?.runs ?? 0), ns: (to?.ns ?? 0) - (from?.ns ?? 0) };
  };
  const lines: string[] = [];
  for (const { name, empty, unit } of PAIRS) {
    const [ours, bare] = [costOf(name), costOf(empty)];
    if (ours.runs < RUNS_THAT_MEAN_SOMETHING || bare.runs === 0) continue;
    const [mean, floor] = [ours.ns / ours.runs, bare.ns / bare.runs];
    lines.push(
      `${what}: ${name} ${(mean - floor).toFixed(0)} ns a ${unit} net (${mean.toFixed(0)} with, ${floor.toFixed(0)} for an empty program; ${String(ours.runs)} runs)`,
    );
  }
  return lines;
}

async function startEmptyPrograms(): Promise<ChildProcess> {
  const child = spawn(testProgram('empty-programs'), { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', () => {
      reject(new Error('the empty programs did not attach'));
    });
  });
  return child;
}

function watchedOf(stack: StackInfo): Watched[] {
  return stack.parts.filter(({ name }) => name === 'loader' || name === 'agent');
}

async function measure(watched: readonly Watched[], log: (line: string) => void): Promise<string[]> {
  const lines: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
    log(line);
  };
  say(`at rest, ${String(REST_SECONDS)} s: ${await use(watched, () => sleep(REST_SECONDS * 1000))}`);
  let rate = '';
  const load = async (): Promise<void> => {
    rate = await iperf(LOAD_SECONDS);
  };
  const used = await use(watched, load);
  say(`under iperf3 between namespaces (${rate}): ${used}`);
  let sent = '';
  const dropping = async (): Promise<void> => {
    sent = await flood(LOAD_SECONDS);
  };
  const usedDropping = await use(watched, dropping);
  say(`under ${String(Math.round(Number(sent) / LOAD_SECONDS))} drops/s: ${usedDropping}`);

  const earlier = readFileSync(STATS, 'utf8');
  const empty = await startEmptyPrograms();
  try {
    writeFileSync(STATS, '1');
    for (const line of await costsOf('iperf3', () => iperf(LOAD_SECONDS))) say(line);
    for (const line of await costsOf('flood of drops', () => flood(LOAD_SECONDS / 2))) say(line);
    for (const line of await costsOf('bursts of drops with pauses', trickle)) say(line);
  } finally {
    writeFileSync(STATS, earlier);
    empty.stdin?.end();
  }
  return lines;
}

async function run(context: BenchContext): Promise<readonly string[]> {
  const model = cpus()[0]?.model ?? 'unknown processor';
  const machine = `${String(cpus().length)} × ${model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, kernel ${release()}`;
  context.log(machine);
  context.log('npm run bench -- agent');
  makeNetwork();
  const own = context.stack === undefined ? await LoaderClient.start({ windowMs: 5000 }) : undefined;
  try {
    const watched =
      context.stack === undefined ? [{ name: 'loader', pid: own?.child.pid ?? 0 }] : watchedOf(context.stack);
    return [machine, ...(await measure(watched, context.log))];
  } finally {
    await own?.finish();
    network.deleteNetns(NEAR, FAR);
  }
}

export default { name: 'agent', plannedSeconds: 90, needs: 'stack', run } satisfies Bench;
