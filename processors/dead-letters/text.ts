import { createHash } from 'node:crypto';
import type { ReceivedMessage } from '../../common/kafka/consumer.js';
import { DEAD_LETTER, REPLAYED } from '../../common/kafka/dead-letter-headers.js';
import { messageOf } from '../../common/runtime/errors.js';
import { decodeForeign, isAgentMessage, takePoints } from '../../common/wire/foreign/index.js';
import { decodeEventBatch, decodeSignalBatch } from '../../common/wire/otlp.js';
import { EVENTS_TOPIC } from '../../schema/topics.js';
import { hexDump } from './hex-dump.js';
import { placeText, type Letter } from './letter.js';
import { outlineOf, printable } from './outline.js';
import { whyHopeless } from './replay.js';
import type { ListedLetter, Listing } from './scan.js';

const LONGEST_DETAIL = 100;
const LONGEST_DETAIL_OF_ONE = 1_000;

/** Columns for people: one line a letter, and what was not shown. */
export function listText(listing: Listing): string {
  const { letters, matched, looked, notLooked } = listing;
  const rows = letters.map((letter) => [
    iso(letter.refusedMs),
    placeText(letter.place),
    letter.original === undefined ? '-' : placeText(letter.original),
    letter.reason,
    letter.whose === '' ? '-' : letter.whose,
    String(letter.bytes),
    stateOf(letter),
    printable(letter.detail, LONGEST_DETAIL),
  ]);
  const head = ['REFUSED', 'LETTER', 'ORIGINAL', 'REASON', 'WHOSE', 'BYTES', 'STATE', 'DETAIL'];
  const lines = letters.length === 0 ? [] : columns([head, ...rows], new Set([5]));
  const older = notLooked === 0 ? '' : `; ${notLooked} older ones were not looked at: --to reaches them`;
  lines.push(`${letters.length} of ${matched} letters that match, of ${looked} messages looked at${older}`);
  return lines.join('\n');
}

/** What a replay did to it so far, in a word or two. */
export function stateOf(letter: ListedLetter): string {
  if (letter.replayedMs !== undefined) return `replayed ${iso(letter.replayedMs)}`;
  if (letter.content !== 'whole') return letter.content;
  return letter.replayOf === undefined ? 'waits' : 'refused again';
}

/** All about one letter. */
export function letterText(letter: ListedLetter, message: ReceivedMessage): string {
  const { original } = letter;
  const value = message.value ?? new Uint8Array();
  const sha256 =
    letter.content === 'stub'
      ? headerText(message, DEAD_LETTER.sha256)
      : createHash('sha256').update(value).digest('hex');
  const was =
    original === undefined ? 'unknown' : `${placeText(original)}, recorded ${iso(original.timestampMs)}`;
  const fields: [string, string][] = [
    ['letter', `${placeText(letter.place)}, refused ${iso(letter.refusedMs)}`],
    ['original', was],
    ['reason', letter.reason],
    ['detail', printable(letter.detail, LONGEST_DETAIL_OF_ONE)],
    ['whose', letter.whose === '' ? 'it does not say' : letter.whose],
    ['bytes', `${letter.bytes}, SHA-256 ${sha256}`],
    ['state', stateOf(letter)],
    ['key', message.key === null ? 'none' : printable(Buffer.from(message.key).toString('utf8'))],
    ...headerFields(message),
    ...outlineFields(original?.topic, message),
    ['read now', readNow(original?.topic, letter, message.value)],
  ];
  if (letter.replayOf !== undefined) fields.push(['replay of', letter.replayOf]);
  const width = Math.max(...fields.map(([name]) => name.length));
  const lines = fields.map(([name, text]) => `${name.padEnd(width)}  ${text}`);
  if (value.byteLength > 0) lines.push('', ...hexDump(value));
  return lines.join('\n');
}

/** What today's decoder says of it: a letter that it reads can be replayed with hope. */
function readNow(topic: string | undefined, letter: Letter, value: Uint8Array | null): string {
  const hopeless = whyHopeless(letter);
  if (hopeless !== undefined || value === null) return hopeless ?? 'no value';
  try {
    if (topic === EVENTS_TOPIC) {
      const { host, events } = decodeEventBatch(value);
      return `well: ${events.length} events of host ${printable(host.id)}`;
    }
    if (!isAgentMessage(value)) return readForeign(value);
    const { host, points, windowStartMs } = decodeSignalBatch(value);
    return `well: ${points.length} points of host ${printable(host.id)}, window ${iso(windowStartMs)}`;
  } catch (error) {
    return `not: ${printable(messageOf(error), LONGEST_DETAIL_OF_ONE)}`;
  }
}

/** Of a sender that is no agent of ours; whether its times can be taken depends on when it is replayed. */
function readForeign(value: Uint8Array): string {
  const { points, refusals } = takePoints(decodeForeign(value));
  const refused = refusals.map(({ reason, points: many, example }) => `${reason} ${many}, first ${example}`);
  const text = [`${points.length} points of OTLP can be taken`, ...refused].join('; ');
  return printable(text, LONGEST_DETAIL_OF_ONE);
}

function outlineFields(topic: string | undefined, { value }: ReceivedMessage): [string, string][] {
  const outline = outlineOf(topic ?? '', value);
  if (outline === undefined) return [['holds', 'no OTLP that can be read']];
  const { contents, customers, apps, hosts, resources } = outline;
  const names = [...contents].map(([name, times]) => `${printable(name)}${times > 1 ? ` × ${times}` : ''}`);
  const list = (all: readonly string[]) =>
    all
      .slice(0, 20)
      .map((one) => printable(one))
      .join(', ');
  const fields: [string, string][] = [
    ['holds', `${resources} resources; ${list(names) || 'nothing in them'}`],
  ];
  if (hosts.length > 0) fields.push(['hosts', list(hosts)]);
  if (customers.length > 0) fields.push(['customers', list(customers)]);
  if (apps.length > 0) fields.push(['apps', list(apps)]);
  return fields;
}

const KNOWN_HEADERS = new Set<string>([...Object.values(DEAD_LETTER), REPLAYED]);

function headerFields(message: ReceivedMessage): [string, string][] {
  return Object.keys(message.headers)
    .filter((name) => !KNOWN_HEADERS.has(name))
    .map((name) => [`header ${printable(name)}`, printable(headerText(message, name), LONGEST_DETAIL)]);
}

function headerText({ headers }: ReceivedMessage, name: string): string {
  return Buffer.from(headers[name] ?? []).toString('utf8');
}

function columns(table: readonly (readonly string[])[], toTheRight: ReadonlySet<number>): string[] {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  return table.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return toTheRight.has(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

function iso(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? `${timeMs} ms` : time.toISOString();
}
