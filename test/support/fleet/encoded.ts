import { encodeSignalBatch } from '../../../common/wire/otlp.js';
import { FIRST_SEQ, fleetBatch, windowStart, type FleetBatchId, type FleetPlan } from './plan.js';

/** Encoded once a host and variant; for each window only the times, the run and the number are written in. */
export interface EncodedFleet {
  /** The bytes of that message, own ones each time. */
  encode(id: FleetBatchId): Buffer;
}

/** A message and where in it the things stand that differ from window to window. */
interface Template {
  readonly bytes: Buffer;
  readonly run: number;
  readonly seq: number;
  /** The window's start and end as varints of milliseconds, and as fixed64 of nanoseconds in every point. */
  readonly startMs: number;
  readonly endMs: number;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

const TEMPLATE_RUN = '00000000-0000-4000-8000-000000000000';
const NANOSECONDS_PER_MS = 1_000_000n;
/** `any_value { int_value }` in an attribute: tags and lengths between the key's text and the varint. */
const BYTES_BEFORE_INTEGER = 3;

/** About 20 µs a batch of 200 points instead of 750 µs for encoding it anew. */
export function encodeFleet(plan: FleetPlan): EncodedFleet {
  const templates = new Map<number, Template>();
  return {
    encode(id) {
      const variant = id.window % plan.variants;
      const key = id.host * plan.variants + variant;
      let template = templates.get(key);
      if (template === undefined) {
        template = makeTemplate(plan, id.host, variant);
        templates.set(key, template);
      }
      return fillIn(template, plan, id);
    },
  };
}

function makeTemplate(plan: FleetPlan, host: number, variant: number): Template {
  const batch = fleetBatch(plan, { host, window: variant, run: TEMPLATE_RUN });
  const bytes = Buffer.from(encodeSignalBatch(batch));
  const { windowStartMs, windowEndMs, identity } = batch;
  return {
    bytes,
    run: onlyPlace(bytes, Buffer.from(TEMPLATE_RUN)),
    seq: integerPlace(bytes, 'bellwether.seq', identity.seq),
    startMs: integerPlace(bytes, 'bellwether.window.start_ms', windowStartMs),
    endMs: integerPlace(bytes, 'bellwether.window.end_ms', windowEndMs),
    starts: places(bytes, fixed64(windowStartMs)),
    ends: places(bytes, fixed64(windowEndMs)),
  };
}

function fillIn(template: Template, plan: FleetPlan, { window, run }: FleetBatchId): Buffer {
  const bytes = Buffer.from(template.bytes);
  const start = windowStart(plan, window);
  const end = start + plan.windowMs;
  bytes.write(run, template.run, 'latin1');
  varint(FIRST_SEQ + window).copy(bytes, template.seq);
  varint(start).copy(bytes, template.startMs);
  varint(end).copy(bytes, template.endMs);
  const [startNanoseconds, endNanoseconds] = [fixed64(start), fixed64(end)];
  for (const at of template.starts) startNanoseconds.copy(bytes, at);
  for (const at of template.ends) endNanoseconds.copy(bytes, at);
  return bytes;
}

function fixed64(milliseconds: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(milliseconds) * NANOSECONDS_PER_MS);
  return bytes;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Buffer.from([...bytes, rest]);
}

function places(bytes: Buffer, what: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(what); at >= 0; at = bytes.indexOf(what, at + what.length)) found.push(at);
  return found;
}

function onlyPlace(bytes: Buffer, what: Buffer): number {
  const [at, ...more] = places(bytes, what);
  if (at === undefined || more.length > 0) throw new Error(`${what.toString('latin1')} is not there once`);
  return at;
}

function integerPlace(bytes: Buffer, key: string, value: number): number {
  const at = onlyPlace(bytes, Buffer.from(key)) + key.length + BYTES_BEFORE_INTEGER;
  if (bytes.indexOf(varint(value), at) !== at) throw new Error(`${key} is not where it was looked for`);
  return at;
}
