import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SeriesHasher } from '../../../processors/writer/identity.js';
import { Preparer } from '../../../processors/writer/prepare.js';
import { EVENTS_TOPIC, SIGNALS_TOPIC } from '../../../schema/topics.js';
import { createNumbers } from '../fleet/numbers.js';
import { eventPoisons, signalPoisons } from './poisons.js';

const HOUR_MS = 3_600_000;
const SEEDS = 6;

it('each poison is refused for the reason that it is made for, whatever its numbers', () => {
  const now = Math.floor(Date.now() / 5_000) * 5_000;
  const preparer = new Preparer(48 * HOUR_MS, new SeriesHasher());
  for (let seed = 0; seed < SEEDS; seed += 1) {
    for (const [topic, poisons] of [
      [SIGNALS_TOPIC, signalPoisons(now, createNumbers(seed, 0))],
      [EVENTS_TOPIC, eventPoisons(now, createNumbers(seed, 1))],
    ] as const) {
      for (const { name, value, reason } of poisons) {
        const message = { topic, partition: 0, offset: 0, timestampMs: now, key: null, value, headers: {} };
        const item = preparer.prepare(message);
        const got = item.kind === 'refused' ? item.reason : 'taken';
        assert.equal(got, reason, `${topic}, ${name}, seed ${String(seed)}`);
      }
    }
  }
});
