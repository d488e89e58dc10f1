import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as format from '../../../../../query-api/console/page/words/format.js';

test('what is missing is a dash and never 0', () => {
  assert.equal(format.count(null), '–');
  assert.equal(format.duration(null), '–');
  assert.equal(format.count(0), '0');
});

test('durations have the unit in which they are between 1 and 1,000', () => {
  assert.equal(format.duration(42.31e-6), '42.3 µs');
  assert.equal(format.duration(0.0012), '1.2 ms');
  assert.equal(format.duration(0.1204), '120 ms');
  assert.equal(format.duration(2.5), '2.5 s');
  assert.equal(format.duration(0.9999e-3), '1 ms');
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 900, noNaN: true }), (seconds) => {
      const [, value = '', unit = ''] = /^([\d.]+) (ns|µs|ms|s)$/.exec(format.duration(seconds)) ?? [];
      const scale = { ns: 1e-9, µs: 1e-6, ms: 1e-3, s: 1 }[unit] ?? Number.NaN;
      const shown = Number(value);
      assert.ok(shown >= 0.9995 && shown < 1_000, `${seconds} became ${value} ${unit}`);
      assert.ok(Math.abs(shown * scale - seconds) <= seconds * 0.00501, `${seconds} became ${value} ${unit}`);
    }),
  );
});

test('a share below all is never written as 100 %', () => {
  assert.equal(format.percent(1), '100 %');
  assert.equal(format.percent(0.99999), '99.9 %');
  assert.equal(format.percent(0.844), '84.4 %');
});

test('one is one, many are many, thousands are grouped', () => {
  assert.equal(format.counted(1, 'packet'), '1 packet');
  assert.equal(format.counted(0, 'packet'), '0 packets');
  assert.equal(format.counted(12_402, 'packet'), '12,402 packets');
  assert.equal(format.shortCount(1_250_000), '1.3M');
});

test('ages round down, so that data never looks newer than it is', () => {
  assert.equal(format.age(999), 'just now');
  assert.equal(format.age(4_999), '4 s ago');
  assert.equal(format.age(119_999), '119 s ago');
  assert.equal(format.age(179_000), '2 min ago');
  assert.equal(format.age(3 * 3_600_000), '3 h ago');
});

test('an endpoint brackets IPv6 and leaves out what is not there', () => {
  assert.equal(format.endpoint('10.7.0.2', 8080), '10.7.0.2:8080');
  assert.equal(format.endpoint('2001:db8::1', 443), '[2001:db8::1]:443');
  assert.equal(format.endpoint('10.7.0.2', 0), '10.7.0.2');
  assert.equal(format.endpoint('', 0), '–');
});
