import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deadLetterChunks } from '../../../processors/writer/dead-letters.js';
import { refused } from '../../../processors/writer/prepare.js';
import { progressMessages } from '../../../processors/writer/progress.js';

const MINUTE_MS = 60_000;

describe('dead letters', () => {
  it('carry the original bytes, key and headers, the place and the reason', () => {
    const message = {
      topic: 'signals.v1',
      partition: 2,
      offset: 41,
      timestampMs: 1_795_000_000_000,
      key: Buffer.from('host-1'),
      value: Buffer.from([0, 1, 255]),
      headers: { 'bellwether.run': Buffer.from('r') },
    };
    const [letters] = deadLetterChunks([refused(message, 'unreadable', 'x'.repeat(5_000))], 1_000);
    assert.equal(letters?.topic, 'signals.v1.dlq');
    const letter = letters.letters[0]?.whole;
    assert.ok(letter);
    assert.deepEqual(letter.value, message.value);
    assert.deepEqual(letter.key, message.key);
    assert.deepEqual(letter.headers, {
      'bellwether.run': Buffer.from('r'),
      'bellwether.original.topic': 'signals.v1',
      'bellwether.original.partition': '2',
      'bellwether.original.offset': '41',
      'bellwether.original.timestamp': '1795000000000',
      'bellwether.reason': 'unreadable',
      'bellwether.detail': 'x'.repeat(1_000),
    });
  });
});

describe('progress', () => {
  it('says each touched minute once, with its hosts', () => {
    const messages = progressMessages([
      { hosts: ['b'], minutes: [2 * MINUTE_MS] },
      { hosts: ['a'], minutes: [2 * MINUTE_MS] },
      { hosts: ['a'], minutes: [2 * MINUTE_MS, MINUTE_MS] },
    ]);
    const read = messages.map(({ key, value }): unknown[] => [
      key,
      JSON.parse(Buffer.from(value ?? []).toString()),
    ]);
    assert.deepEqual(read, [
      ['1970-01-01T00:01:00.000Z', { minute: '1970-01-01T00:01:00.000Z', hosts: ['a'] }],
      ['1970-01-01T00:02:00.000Z', { minute: '1970-01-01T00:02:00.000Z', hosts: ['a', 'b'] }],
    ]);
  });
});
