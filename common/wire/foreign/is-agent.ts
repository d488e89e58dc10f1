import { Reader } from 'protobufjs';
import { RUN } from '../otlp-attributes.js';

const LENGTH_DELIMITED = 2;
/** Of `resource_metrics`, `resource`, `attributes` and `key`: each is field 1 of its message. */
const FIRST = 1;

/**
 * Whether a message on `signals.v1` is one of our agents': its first resource says which run it is of. Looks at
 * the first few bytes and makes nothing of them, so it costs a microsecond. What is no protobuf is not.
 */
export function isAgentMessage(bytes: Uint8Array): boolean {
  const reader = Reader.create(bytes);
  try {
    const resourceMetrics = nextFirst(reader, bytes.length);
    if (resourceMetrics === undefined) return false;
    const resource = nextFirst(reader, resourceMetrics);
    return resource !== undefined && hasRun(reader, resource);
  } catch {
    return false;
  }
}

function hasRun(reader: Reader, end: number): boolean {
  for (;;) {
    const attribute = nextFirst(reader, end);
    if (attribute === undefined) return false;
    const key = nextFirst(reader, attribute);
    if (key !== undefined && key - reader.pos === RUN.length) {
      if (Buffer.from(reader.buf.subarray(reader.pos, key)).toString('latin1') === RUN) return true;
    }
    reader.pos = attribute;
  }
}

/** Goes into the next field 1 before `end`. @returns where it ends; undefined when there is none. */
function nextFirst(reader: Reader, end: number): number | undefined {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag >>> 3 === FIRST && (tag & 7) === LENGTH_DELIMITED) {
      const length = reader.uint32();
      return reader.pos + length;
    }
    reader.skipType(tag & 7);
  }
  return undefined;
}
