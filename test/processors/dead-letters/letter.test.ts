import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeSignalBatch } from '../../../common/wire/otlp.js';
import { hexDump } from '../../../processors/dead-letters/hex-dump.js';
import { parsePlace, placeText, readFound } from '../../../processors/dead-letters/letter.js';
import { printable, whoseText } from '../../../processors/dead-letters/outline.js';
import { asOriginal } from '../../../processors/dead-letters/replay.js';
import { signalBatch } from '../writer/batches.js';

const AT = { topic: 'signals.v1.dlq', partition: 0, offset: 17, timestampMs: 5, key: null };
const header = (text: string) => Buffer.from(text);

describe('a dead letter', () => {
  it('is named by its place, there and back', () => {
    const place = fc.record(
      {
        topic: fc.constantFrom('signals.v1.dlq', 'a-b_c.D'),
        partition: fc.nat(999),
        offset: fc.nat(),
      },
      { noNullPrototype: true },
    );
    fc.assert(fc.property(place, (one) => assert.deepEqual(parsePlace(placeText(one)), one)));
    for (const text of ['', 'a/1', 'a/b/1', 'a/1/-1', 'a/1/1.5', 'a b/1/1', 'x/1/1/1']) {
      assert.equal(parsePlace(text), undefined, text);
    }
  });

  it('is read whatever stands on the topic', () => {
    const bytes = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null });
    const names = fc.constantFrom(
      'bellwether.reason',
      'bellwether.original.offset',
      'bellwether.replayed',
      'x',
    );
    const headers = fc.dictionary(names, fc.uint8Array({ maxLength: 9 }));
    fc.assert(
      fc.property(bytes, headers, (value, given) => {
        const found = readFound({ ...AT, value, headers: given });
        const isRecord = 'bellwether.replayed' in given && !('bellwether.reason' in given);
        assert.equal(found.kind, isRecord ? 'record' : 'letter');
      }),
    );
    const found = readFound({ ...AT, value: null, headers: {} });
    assert.equal(found.kind === 'letter' && found.letter.reason, 'unknown');
  });

  it('keeps its own headers in a replay, and none of ours', () => {
    const message = {
      ...AT,
      key: header('k'),
      value: randomBytes(9),
      headers: {
        traceparent: header('t'),
        'bellwether.reason': header('r'),
        'bellwether.original.offset': header('1'),
        'bellwether.replayed': header('signals.v1.dlq/0/3'),
      },
    };
    assert.deepEqual(asOriginal(message), {
      key: message.key,
      value: message.value,
      headers: { traceparent: header('t'), 'bellwether.replayed': 'signals.v1.dlq/0/17' },
    });
  });

  it('shows nothing that a terminal would obey', () => {
    assert.equal(printable('a\u001b[31mb\nc\u202e'), 'a·[31mb·c·');
    assert.equal(printable('x'.repeat(70)).length, 64);
    assert.equal(whoseText('signals.v1', { key: header('\u0007key'), value: randomBytes(50) }), '·key');
    assert.equal(whoseText('signals.v1', { key: null, value: null }), '');
    const value = encodeSignalBatch(signalBatch(3, 0, 5_000, '00000000-0000-4000-8000-000000000000'));
    assert.equal(whoseText('signals.v1', { key: null, value }), 'host-3, acme, globex');
  });

  it('dumps the head of its bytes', () => {
    assert.deepEqual(hexDump(Buffer.from('0a41ff', 'hex')), [`00000000  0a 41 ff${' '.repeat(39)}  .A.`]);
    assert.equal(hexDump(Buffer.alloc(300)).length, 17);
    assert.equal(hexDump(Buffer.alloc(300)).at(-1), '… 44 more bytes');
  });
});
