import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readConfig } from '../../../processors/rollup/config.js';
import { minuteOf } from '../../../processors/rollup/progress.js';

describe('configuration of the rollup', () => {
  const given = { KAFKA_BROKERS: 'localhost:9092', CLICKHOUSE_URL: 'http://localhost:8123' };

  it('has defaults', () => {
    const config = readConfig(given);
    assert.equal(config.delayMs, 12_000);
    assert.equal(config.lookMs, 30_000);
    assert.equal(config.rawRetentionMs, 48 * 3_600_000);
  });

  it('refuses minutes that do not outlive the raw rows', () => {
    const short = { ...given, BELLWETHER_MINUTE_RETENTION_DAYS: '4' };
    assert.throws(
      () => readConfig(short),
      /BELLWETHER_MINUTE_RETENTION_DAYS is "4": must be at least 3 days/,
    );
    assert.equal(
      readConfig({ ...short, BELLWETHER_RAW_RETENTION_HOURS: '24' }).minuteRetentionMs,
      345_600_000,
    );
  });
});

describe('progress records', () => {
  const value = (text: string) => ({ value: Buffer.from(text) });

  it('name a minute', () => {
    assert.equal(
      minuteOf(value('{"minute":"2026-11-24T18:40:00.000Z","hosts":["a"]}')),
      Date.UTC(2026, 10, 24, 18, 40),
    );
  });

  it('that cannot be read name none', () => {
    for (const text of [
      '',
      'x',
      '[]',
      '{"minute":7}',
      '{"minute":"2026-11-24T18:40:30.000Z"}',
      '{"minute":"soon"}',
    ]) {
      assert.equal(minuteOf(value(text)), undefined, text);
    }
    assert.equal(minuteOf({ value: null }), undefined);
  });
});
