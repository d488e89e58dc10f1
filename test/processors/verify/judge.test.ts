import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checksumOf, type Checksum } from '../../../processors/verify/checksum.js';
import { judgeMessages, type Evidence } from '../../../processors/verify/judge.js';
import type { Said } from '../../../processors/verify/said.js';

const CHECKSUM: Checksum = { ...checksumOf([]), rows: 2, value: 7 };
const said = (offset: number, source: string | undefined, more: Partial<Said> = {}): Said => {
  const time = { timestampMs: 60_000, windowMs: 60_000, fromMs: 60_000, toMs: 60_000 };
  const read = { points: 2, checksum: CHECKSUM, lostOnHost: {}, unreadable: undefined };
  return { partition: 0, offset, host: 'host-1', ...time, source, ...read, ...more };
};
const evidence = (more: Partial<Evidence> = {}): Evidence => {
  const letters = { reasonOf: () => undefined };
  return { stored: new Map([['1', CHECKSUM]]), committed: new Map([[0, 10]]), letters, ...more };
};
const only = (messages: Said[], more: Partial<Evidence> = {}) => {
  const [report] = judgeMessages(messages, evidence(more));
  assert.ok(report);
  return report;
};

it('stored, once however often it was sent', () => {
  const report = only([said(1, '1'), said(4, '1')]);
  assert.deepEqual([report.produced, report.stored, report.repeats, report.problems], [2, 2, 1, []]);
});

it('committed and not found is a problem that names the message', () => {
  const report = only([said(3, '2')]);
  assert.deepEqual(report.problems, ['0 rows of 2 are stored (signals.v1/0/3)']);
});

it('not committed is pending, not lost; found all the same, it is stored', () => {
  const report = only([said(10, '2'), said(11, '1')]);
  assert.deepEqual([report.pending, report.stored, report.problems], [2, 2, []]);
});

it('refused by the reason of its dead letter; stored when it was replayed', () => {
  const letters = { reasonOf: () => 'too_old' };
  const report = only([said(3, '2'), said(4, '1')], { letters });
  assert.deepEqual([report.refused, report.stored, report.problems], [{ too_old: 2 }, 2, []]);
});

it('what cannot be read must be a dead letter', () => {
  const unreadable = said(3, undefined, { unreadable: 'no protobuf', checksum: undefined });
  assert.equal(only([unreadable]).problems.length, 1);
  assert.deepEqual(only([unreadable], { letters: { reasonOf: () => 'unreadable' } }).refused, {
    unreadable: 1,
  });
});

it('of points of others, the rows are at most as many as the points', () => {
  const stored = (rows: number) => new Map([['1', { ...CHECKSUM, rows }]]);
  const others = said(3, '1', { checksum: undefined });
  assert.deepEqual(only([others], { stored: stored(1) }).problems, []);
  assert.equal(only([others], { stored: stored(3) }).problems.length, 1);
  assert.equal(only([others], { stored: new Map() }).problems.length, 1);
});

it('puts windows in order of time, then host', () => {
  const messages = [
    said(1, '1', { windowMs: 120_000 }),
    said(2, '2', { host: 'b' }),
    said(3, '3', { host: 'a' }),
  ];
  const order = judgeMessages(messages, evidence()).map(
    ({ windowMs, host }) => `${String(windowMs)} ${host}`,
  );
  assert.deepEqual(order, ['60000 a', '60000 b', '120000 host-1']);
});
