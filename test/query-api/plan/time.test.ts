import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatDuration, formatTime, parseDuration, parseTime } from '../../../query-api/plan/time.js';
import { hasCode } from '../errors.js';

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0, 123);

describe('times', () => {
  it('reads now, relative and RFC 3339', () => {
    const cases: [string, number][] = [
      ['now', NOW],
      ['now-5m', NOW - 300_000],
      ['now-2h30m', NOW - 9_000_000],
      ['now-1d1s', NOW - 86_401_000],
      ['2026-01-31T12:00:00Z', Date.UTC(2026, 0, 31, 12)],
      ['2026-01-31t12:00:00.25z', Date.UTC(2026, 0, 31, 12, 0, 0, 250)],
      ['2026-01-31T12:00:00+02:00', Date.UTC(2026, 0, 31, 10)],
      ['2024-02-29T00:00:00-00:30', Date.UTC(2024, 1, 29, 0, 30)],
    ];
    for (const [text, expected] of cases) assert.equal(parseTime('from', text, NOW), expected, text);
  });

  it('refuses what is no time and says what would be right', () => {
    const wrong = [
      ...['', 'yesterday', 'now-', 'now-5', 'now-5x', 'now+5m', 'now-30m2h', 'now-1m1m', 'NOW', '1700000000'],
      ...['2026-02-30T00:00:00Z', '2026-01-31', '2026-01-31T12:00:00', '2026-01-31 12:00:00Z'],
      ...[
        '2026-01-31T25:00:00Z',
        'now-0s',
        "now'; DROP TABLE samples",
        '9999-01-01T00:00:00Z',
        'now-9999d9d',
      ],
    ];
    for (const text of wrong) {
      assert.throws(() => parseTime('from', text, NOW), hasCode('bad_request', /^from: "/), text);
    }
    const plus = '2026-01-31T12:00:00 02:00';
    assert.throws(() => parseTime('to', plus, NOW), hasCode('bad_request', /^to: .*%2B/));
  });

  it('reads back any time that it wrote', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2199, 0) }), (time) => {
        assert.equal(parseTime('from', formatTime(time), NOW), time);
      }),
    );
  });

  it('reads back any duration that it wrote', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500_000_000 }), (seconds) => {
        assert.equal(parseDuration(formatDuration(seconds * 1000)), seconds * 1000);
      }),
    );
  });

  it('gives a time or bad_request for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^now-[0-9dhms]{0,12}$/)), (text) => {
        try {
          assert.ok(Number.isFinite(parseTime('from', text, NOW)));
        } catch (error) {
          assert.ok(hasCode('bad_request')(error));
        }
      }),
    );
  });
});
