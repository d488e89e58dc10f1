/**
 * `histogram-bounds`: the kernel, TypeScript and exact arithmetic put a duration into the same bucket,
 * at every bound and one nanosecond on either side, and for random durations from 1 ns to 1,000 s.
 */
import { execFileSync } from 'node:child_process';
import {
  BUCKET_COUNT,
  MAX_INDEX,
  MIN_INDEX,
  UPPER_BOUNDS_NS,
  bucketIndexOfNanoseconds,
} from '../../common/histogram/bounds.js';
import { whyNoKernelTests } from '../bpf/loader-client.js';
import { testProgram } from '../bpf/programs.js';
import { SkipPromise, type ProductPromise, type PromiseContext, type PromiseResult } from './promise.js';

const RANDOM_VALUES = { short: 120_000, full: 1_000_000 };
const LONGEST_NS = 1e12;
const SEED = 0x9e3779b9;

/** mulberry32: the same durations in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function valuesToTry(randomCount: number): number[] {
  const values: number[] = [];
  for (const bound of UPPER_BOUNDS_NS) {
    for (const value of [bound - 1, bound, bound + 1]) if (value > 0) values.push(value);
  }
  const random = randomFrom(SEED);
  for (let i = 0; i < randomCount; i++) values.push(Math.ceil(LONGEST_NS ** random()));
  return values;
}

/** Positions of 0 to BUCKET_COUNT (above all buckets), as the kernel finds them. */
function positionsByKernel(values: readonly number[]): number[] {
  const input = Buffer.from(BigUint64Array.from(values, BigInt).buffer);
  const output = execFileSync(testProgram('histogram-positions'), { input, maxBuffer: 2 * input.length });
  return Array.from({ length: values.length }, (_, i) => Number(output.readBigUint64LE(8 * i)));
}

/** Whether value ≤ 2^(exponent/8) s, both sides to the eighth power of nanoseconds: no rounding at all. */
function isAtMost(valueNs: number, exponent: number): boolean {
  const eighth = BigInt(valueNs) ** 8n;
  const second = 10n ** 72n;
  return exponent < 0 ? eighth << BigInt(-exponent) <= second : eighth <= second << BigInt(exponent);
}

/** Whether a bucket is the exact one; `undefined` says: above all of them. */
function isExact(valueNs: number, index: number | undefined): boolean {
  if (index === undefined) return !isAtMost(valueNs, MAX_INDEX + 1);
  return isAtMost(valueNs, index + 1) && !isAtMost(valueNs, index);
}

function run(context: PromiseContext): Promise<PromiseResult> {
  const reason = whyNoKernelTests();
  if (reason !== undefined) throw new SkipPromise(reason);
  const values = valuesToTry(RANDOM_VALUES[context.mode]);
  const positions = positionsByKernel(values);
  const wrong: string[] = [];
  values.forEach((value, i) => {
    const position = positions[i] ?? -1;
    const kernel = position === BUCKET_COUNT ? undefined : MIN_INDEX + position;
    const typescript = bucketIndexOfNanoseconds(value);
    if (kernel === typescript && isExact(value, kernel)) return;
    wrong.push(`${value} ns: kernel ${String(kernel)}, TypeScript ${String(typescript)}`);
  });
  for (const line of wrong.slice(0, 5)) context.log(line);
  return Promise.resolve({
    holds: wrong.length === 0 && values.length >= 100_000,
    figure: `${values.length} durations from 1 ns to 1,000 s and every bound ± 1 ns, ${wrong.length} in different buckets`,
  });
}

export default {
  name: 'histogram-bounds',
  plannedSeconds: { short: 5, full: 15 },
  needs: 'root',
  run,
} satisfies ProductPromise;
