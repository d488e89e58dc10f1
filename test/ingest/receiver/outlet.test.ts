import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BellwetherError } from '../../../common/runtime/errors.js';
import { Outlet } from '../../../ingest/receiver/outlet.js';
import { hasCode } from '../../query-api/errors.js';

function outletOf() {
  const state = { ms: 0, error: undefined as Error | undefined, tries: 0, failures: 0 };
  const outlet = new Outlet({
    producer: {
      send: () => {
        state.tries += 1;
        return state.error === undefined ? Promise.resolve() : Promise.reject(state.error);
      },
    },
    onFailure: () => (state.failures += 1),
    now: () => state.ms,
  });
  return { outlet, state };
}
const value = Buffer.from('x');
const away = hasCode('kafka_unavailable', /are not stored; send them again/);

it('after a failure the outlet refuses at once for a second, then tries, and is well when that works', async () => {
  const { outlet, state } = outletOf();
  state.error = new BellwetherError('kafka_unavailable', 'nobody there');
  await assert.rejects(outlet.send(value), away);
  await assert.rejects(outlet.send(value), away);
  assert.deepEqual([state.tries, state.failures], [1, 1]);
  assert.match(String(outlet.trouble), /Kafka took no message/);
  state.ms += 1_000;
  await assert.rejects(outlet.send(value), away);
  state.ms += 1_000;
  state.error = undefined;
  await outlet.send(value);
  assert.deepEqual([state.tries, state.failures, outlet.trouble], [3, 2, undefined]);
});

it('trouble that nobody has seen for a while is no trouble: else nobody would be sent here again', async () => {
  const { outlet, state } = outletOf();
  state.error = new BellwetherError('kafka_unavailable', 'nobody there');
  await assert.rejects(outlet.send(value), away);
  state.ms += 30_000;
  assert.equal(outlet.trouble, undefined);
});

it('a message that is too large is the fault of its sender, not of Kafka', async () => {
  const { outlet, state } = outletOf();
  state.error = new BellwetherError('message_invalid', 'too large for the broker');
  await assert.rejects(outlet.send(value), hasCode('payload_too_large'));
  assert.deepEqual([state.failures, outlet.trouble], [0, undefined]);
});
