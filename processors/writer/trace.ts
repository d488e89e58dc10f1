import { processAttributes, spansOf, type SpanOptions } from '../../common/telemetry/telemetry.js';
import type { Item } from './prepare.js';

/** The writer's spans; nothing without a receiver of traces. */
export const inSpan = spansOf('writer');

/** One CONSUMER span a group of messages: it links to each sender's span and goes on in the first sampled trace. */
export function batchSpan(items: readonly Item[], group: string): SpanOptions {
  return {
    kind: 'consumer',
    attributes: processAttributes(new Set(items.map(({ message }) => message.topic)), items.length, group),
    batch: items.map(({ message }) => message.headers),
  };
}
