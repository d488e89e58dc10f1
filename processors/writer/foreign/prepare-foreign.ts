import type { RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import {
  decodeForeign,
  PointRefused,
  takePoints,
  type ForeignPoint,
  type Refusal,
} from '../../../common/wire/foreign/index.js';
import type { TableRows } from '../rows/table-rows.js';
import { timeProblem, type TimeWindow } from '../../../common/wire/time-window.js';
import { mergeBySeries } from './merge.js';
import { foreignRows } from './rows.js';
import { foreignSource, type ForeignSeriesHasher } from './series.js';

/** What is counted of a message of anyone. */
export interface ForeignCounts {
  readonly points: number;
  readonly withoutValue: number;
  readonly refusals: readonly Refusal[];
}

export interface PreparedForeign {
  readonly rows: TableRows;
  /** Starts of the minutes that they lie in, Unix milliseconds. */
  readonly minutes: readonly number[];
  /** Hosts that they name. */
  readonly hosts: readonly string[];
  readonly counts: ForeignCounts;
}

export interface ForeignParts {
  readonly hasher: ForeignSeriesHasher;
  readonly writer: RowBinaryWriter;
  /** Which times the table can hold, by the time of the record. */
  readonly window: TimeWindow;
}

const MINUTE_MS = 60_000;
/** Of a dead letter's detail; the header has room for 1,000. */
const EXAMPLE_CHARACTERS = 200;

/**
 * Rows of a message of anyone. Depends on its bytes and the record's time alone, so that a replay makes the
 * same rows.
 * @throws BellwetherError `message_invalid` when it cannot be read at all.
 */
export function prepareForeign(value: Uint8Array, { hasher, writer, window }: ForeignParts): PreparedForeign {
  const { points, refusals, withoutValue } = takePoints(decodeForeign(value), ({ timeMs }) => {
    const problem = timeProblem(window, timeMs, 'time');
    if (problem !== undefined) throw new PointRefused(problem.reason, problem.detail);
  });
  const rows = foreignRows(mergeBySeries(points, hasher), foreignSource(value), writer);
  const counts = { points: points.length, withoutValue, refusals };
  return { rows, minutes: minutesOf(points), hosts: hostsOf(points), counts };
}

/** What was wrong, by reason, for the header of the dead letter. */
export function refusalDetail(refusals: readonly Refusal[]): string {
  return refusals
    .map(({ reason, points, example }) => {
      return `${reason}: ${points} points, first ${example.slice(0, EXAMPLE_CHARACTERS)}`;
    })
    .join('; ');
}

function minutesOf(points: readonly ForeignPoint[]): number[] {
  return [...new Set(points.map(({ timeMs }) => Math.floor(timeMs / MINUTE_MS) * MINUTE_MS))];
}

function hostsOf(points: readonly ForeignPoint[]): string[] {
  return [...new Set(points.map(({ origin }) => origin.host))].filter((host) => host !== '');
}
