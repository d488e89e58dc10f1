import {
  processAttributes,
  spansOf,
  type SpanOptions,
  type TraceHeaders,
} from '../../common/telemetry/telemetry.js';
import { PROGRESS_TOPIC } from '../../schema/topics.js';
import type { Resolution } from './buckets.js';

/** The rollup's spans; nothing without a receiver of traces. */
export const inSpan = spansOf('rollup');

/**
 * One CONSUMER span a recompute: it links to each progress record that asked for it and goes on in the first
 * sampled trace. Hours and days follow from what is stored, without records.
 */
export function recomputeSpan(
  resolution: Resolution,
  buckets: number,
  records: readonly TraceHeaders[],
): SpanOptions {
  const ofMessages = records.length === 0 ? {} : processAttributes(new Set([PROGRESS_TOPIC]), records.length);
  return {
    kind: records.length === 0 ? 'internal' : 'consumer',
    attributes: { ...ofMessages, 'bellwether.resolution': resolution, 'bellwether.buckets': buckets },
    batch: records,
  };
}
