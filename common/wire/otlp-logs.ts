import type { DropEvent, EventBatch, Owner } from './batch.js';
import { MAX_ATTRIBUTE_VALUE_LENGTH } from './limits.js';
import {
  Attributes,
  groupByOwner,
  headAttributes,
  integer,
  nanoseconds,
  ownerResource,
  readHead,
  readOwner,
  refuse,
  text,
  textValue,
} from './otlp-attributes.js';
import {
  exportLogsServiceRequest,
  SEVERITY_INFO,
  type KeyValue,
  type LogRecord,
  type ResourceLogs,
} from './otlp-schema.js';
import { decode, encode } from './protobuf.js';

const SCOPE = { name: 'bellwether.agent', version: '' };
const EVENT_NAME = 'bellwether.packet.drop';
const MAX_PORT = 65_535;
const MAX_LENGTH = 4_294_967_295;

/**
 * The sampled drops of one host × one window as an OTLP `ExportLogsServiceRequest`.
 * Events are put together by owner; within an owner they keep their order.
 */
export function encodeEventBatch(batch: EventBatch): Uint8Array {
  const observed = nanoseconds(batch.windowEndMs);
  return encode(exportLogsServiceRequest, {
    resourceLogs: [
      { resource: { attributes: headAttributes(batch) }, scopeLogs: [] },
      ...groupByOwner(batch.events).map(({ owner, values }) => ({
        resource: ownerResource(batch.host, owner),
        scopeLogs: [{ scope: SCOPE, logRecords: values.map((event) => recordOf(event, observed)) }],
      })),
    ],
  });
}

function recordOf(event: DropEvent, observedTimeUnixNano: bigint): LogRecord {
  const known = (key: string, value: string): KeyValue[] => (value === '' ? [] : [text(key, value)]);
  const port = (key: string, value: number): KeyValue[] => (value === 0 ? [] : [integer(key, value)]);
  return {
    timeUnixNano: event.timeUnixNano,
    severityNumber: SEVERITY_INFO,
    body: textValue(`packet dropped: ${event.reason}`),
    observedTimeUnixNano,
    eventName: EVENT_NAME,
    attributes: [
      text('drop.reason', event.reason),
      text('drop.cause', event.cause),
      text('drop.fault', event.fault),
      text('drop.place', event.place),
      text('drop.way', event.way),
      ...known('network.transport', event.protocol),
      ...known('source.address', event.sourceAddress),
      ...port('source.port', event.sourcePort),
      ...known('destination.address', event.destinationAddress),
      ...port('destination.port', event.destinationPort),
      integer('packet.length', event.lengthBytes),
      ...known('network.interface.name', event.interfaceName),
    ],
  };
}

/**
 * Reads and checks the sampled drops of one host × one window.
 * @throws BellwetherError `message_invalid` that names the path of the field and what would be right.
 */
export function decodeEventBatch(bytes: Uint8Array): EventBatch {
  const [first, ...rest] = decode(exportLogsServiceRequest, bytes).resourceLogs;
  if (first === undefined) return refuse('resourceLogs', 'is empty, its first entry must be the host');
  const at = 'resourceLogs[0].resource';
  const head = readHead(at, new Attributes(at, first.resource?.attributes ?? []));
  const events = rest.flatMap((resource, i) => {
    const path = `resourceLogs[${i + 1}]`;
    return readEvents(path, readOwner(path, head.host, resource.resource), resource);
  });
  return { ...head, events };
}

function readEvents(path: string, owner: Owner, resource: ResourceLogs): DropEvent[] {
  return resource.scopeLogs.flatMap(({ logRecords }, s) =>
    logRecords.map((record, r) => readEvent(`${path}.scopeLogs[${s}].logRecords[${r}]`, owner, record)),
  );
}

function readEvent(path: string, owner: Owner, record: LogRecord): DropEvent {
  if (record.timeUnixNano === 0n) refuse(`${path}.timeUnixNano`, 'is missing');
  const attributes = new Attributes(path, record.attributes);
  const required = (key: string) => attributes.text(key, MAX_ATTRIBUTE_VALUE_LENGTH);
  const known = (key: string) => attributes.text(key, MAX_ATTRIBUTE_VALUE_LENGTH, '');
  return {
    timeUnixNano: record.timeUnixNano,
    owner,
    reason: required('drop.reason'),
    cause: required('drop.cause'),
    fault: required('drop.fault'),
    place: required('drop.place'),
    way: required('drop.way'),
    protocol: known('network.transport'),
    sourceAddress: known('source.address'),
    sourcePort: attributes.integer('source.port', 0, MAX_PORT, 0),
    destinationAddress: known('destination.address'),
    destinationPort: attributes.integer('destination.port', 0, MAX_PORT, 0),
    lengthBytes: attributes.integer('packet.length', 0, MAX_LENGTH),
    interfaceName: known('network.interface.name'),
  };
}
