/**
 * `known-delay`: TCP over a path of known delay shows that delay as the median round-trip time, within
 * 10 %, on both sides. The path is a forwarder over two tun devices; the probes are live.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { MIN_INDEX } from '../../common/histogram/bounds.js';
import {
  mergeHistograms,
  quantile,
  type ExponentialHistogram,
} from '../../common/histogram/exponential-histogram.js';
import { HistogramKind, type HistogramFrame } from '../../common/wire/frames.gen.js';
import { LoaderClient, whyNoKernelTests } from '../bpf/loader-client.js';
import * as network from '../bpf/network.js';
import { testProgram } from '../bpf/programs.js';
import { startInside } from '../bpf/traffic.js';
import { SkipPromise, type ProductPromise, type PromiseContext, type PromiseResult } from './promise.js';

const NEAR = 'bwdelay-near';
const FAR = 'bwdelay-far';
const NEAR_ADDRESS = '10.93.0.1';
const FAR_ADDRESS = '10.93.0.2';
const DELAYS_MS = [20, 50];
const ROUND_TRIPS = { short: 40, full: 200 };
const TOLERANCE = 0.1;

const ECHO = `
require('node:net').createServer((s) => { s.setNoDelay(true); s.on('error', () => 0); s.pipe(s); })
  .listen(7000, '${FAR_ADDRESS}', () => console.log('listening'));`;

const PING_PONG = `
const socket = require('node:net').connect(7000, '${FAR_ADDRESS}');
socket.setNoDelay(true);
let left = Number(process.argv[1]);
const next = () => (left-- === 0 ? socket.destroy() : socket.write('x'));
socket.on('connect', next);
socket.on('data', next);`;

function toHistogram(frame: HistogramFrame): ExponentialHistogram {
  const filled = [...frame.buckets.entries()].filter(([, count]) => count > 0n);
  return {
    count: Number(frame.count),
    zeroCount: Number(frame.zeroCount),
    sum: Number(frame.sumNs) / 1e9,
    bucketIndexes: filled.map(([position]) => MIN_INDEX + position),
    bucketCounts: filled.map(([, count]) => Number(count)),
  };
}

async function startPath(delayMs: number): Promise<ChildProcess> {
  for (const name of [NEAR, FAR]) network.addNetns(name);
  const oneWayUs = String((delayMs / 2) * 1000);
  const path = spawn(testProgram('delay-path'), [`/run/netns/${NEAR}`, `/run/netns/${FAR}`, oneWayUs], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    path.stdout.once('data', resolve);
    path.once('exit', () => {
      reject(new Error('the delay path did not start'));
    });
  });
  network.address(NEAR, 'delay0', `${NEAR_ADDRESS}/24`);
  network.address(FAR, 'delay0', `${FAR_ADDRESS}/24`);
  return path;
}

/** Median round-trip time of both sides in milliseconds. */
async function measure(loader: LoaderClient, delayMs: number, roundTrips: number): Promise<number[]> {
  const path = await startPath(delayMs);
  let server: ChildProcess | undefined;
  try {
    const cookies = [await loader.cookieOf(NEAR), await loader.cookieOf(FAR)];
    server = await startInside(FAR, ECHO);
    network.inside(NEAR, process.execPath, '-e', PING_PONG, String(roundTrips));
    await loader.settle();
    return cookies.map((cookie) => {
      const frames = [...loader.histograms.values()].filter(
        (frame) => frame.subject.netnsCookie === cookie && frame.kind === HistogramKind.TcpRtt,
      );
      const merged = mergeHistograms(frames.map(toHistogram));
      if (merged.count < roundTrips * 0.9)
        throw new Error(`${merged.count} samples of ${roundTrips} round trips`);
      return (quantile(merged, 0.5) ?? NaN) * 1000;
    });
  } finally {
    server?.kill('SIGKILL');
    path.stdin?.end();
    network.deleteNetns(NEAR, FAR);
  }
}

async function run(context: PromiseContext): Promise<PromiseResult> {
  const reason = whyNoKernelTests();
  if (reason !== undefined) throw new SkipPromise(reason);
  const loader = await LoaderClient.start();
  const figures: string[] = [];
  let worst = 0;
  try {
    for (const delayMs of DELAYS_MS) {
      const [near = NaN, far = NaN] = await measure(loader, delayMs, ROUND_TRIPS[context.mode]);
      worst = Math.max(worst, ...[near, far].map((median) => Math.abs(median / delayMs - 1)));
      figures.push(`${delayMs} ms path: p50 ${near.toFixed(1)} and ${far.toFixed(1)} ms`);
      context.log(figures.at(-1) ?? '');
    }
  } finally {
    await loader.finish();
  }
  return {
    holds: worst <= TOLERANCE,
    figure: `${figures.join('; ')}; at most ${(worst * 100).toFixed(1)} % off`,
  };
}

export default {
  name: 'known-delay',
  plannedSeconds: { short: 10, full: 30 },
  needs: 'root',
  run,
} satisfies ProductPromise;
