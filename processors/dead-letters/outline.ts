import type { ReceivedMessage } from '../../common/kafka/consumer.js';
import { APP, CUSTOMER, HOST_ID, HOST_NAME } from '../../common/wire/otlp-attributes.js';
import {
  exportLogsServiceRequest,
  exportMetricsServiceRequest,
  type Resource,
} from '../../common/wire/otlp-schema.js';
import { decode } from '../../common/wire/protobuf.js';
import { EVENTS_TOPIC } from '../../schema/topics.js';

/** What can be read of a message without asking whether it makes sense. */
export interface Outline {
  /** Host ids or names, most often one. */
  readonly hosts: readonly string[];
  readonly customers: readonly string[];
  readonly apps: readonly string[];
  readonly resources: number;
  /** Metrics by name, or log records by event name, with how many there are. */
  readonly contents: ReadonlyMap<string, number>;
}

/** Undefined when the bytes are no OTLP of the topic's kind, or say nothing. */
export function outlineOf(topic: string, value: Uint8Array | null): Outline | undefined {
  if (value === null || value.byteLength === 0) return undefined;
  try {
    const outline = topic === EVENTS_TOPIC ? outlineOfLogs(value) : outlineOfMetrics(value);
    return outline.resources === 0 ? undefined : outline;
  } catch {
    return undefined;
  }
}

/** Whose it is, in a few words: the hosts and customers that it names, else its key, else nothing. */
export function whoseText(topic: string, message: Pick<ReceivedMessage, 'key' | 'value'>): string {
  const outline = outlineOf(topic, message.value);
  const names = outline === undefined ? [] : [...outline.hosts, ...outline.customers];
  if (names.length > 0) return few(names.map((name) => printable(name)));
  return message.key === null ? '' : printable(Buffer.from(message.key).toString('utf8'));
}

const SHOWN = 3;
const LONGEST = 64;

function few(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return more > 0 ? `${names.slice(0, SHOWN).join(', ')} +${more}` : names.join(', ');
}

/** On one line of a terminal, whatever a stranger wrote into it. */
export function printable(text: string, longest = LONGEST): string {
  const shown = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}\uFFFD]/gu, '·');
  return shown.length > longest ? `${shown.slice(0, longest - 1)}…` : shown;
}

function outlineOfMetrics(value: Uint8Array): Outline {
  const { resourceMetrics } = decode(exportMetricsServiceRequest, value);
  const names = resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) => metrics.map(({ name }) => name)),
  );
  return outline(
    resourceMetrics.map(({ resource }) => resource),
    names,
  );
}

function outlineOfLogs(value: Uint8Array): Outline {
  const { resourceLogs } = decode(exportLogsServiceRequest, value);
  const names = resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) => logRecords.map(({ eventName }) => eventName)),
  );
  return outline(
    resourceLogs.map(({ resource }) => resource),
    names,
  );
}

function outline(resources: readonly (Resource | undefined)[], names: readonly string[]): Outline {
  const contents = new Map<string, number>();
  for (const name of names) contents.set(name, (contents.get(name) ?? 0) + 1);
  const ids = valuesOf(resources, HOST_ID);
  return {
    hosts: ids.length > 0 ? ids : valuesOf(resources, HOST_NAME),
    customers: valuesOf(resources, CUSTOMER),
    apps: valuesOf(resources, APP),
    resources: resources.length,
    contents,
  };
}

/** Values of one attribute, each once, without empty ones. */
function valuesOf(resources: readonly (Resource | undefined)[], key: string): string[] {
  const values = resources.flatMap((resource) =>
    (resource?.attributes ?? []).flatMap((attribute) =>
      attribute.key === key ? (attribute.value?.stringValue ?? '') : '',
    ),
  );
  return [...new Set(values.filter((value) => value !== ''))];
}
