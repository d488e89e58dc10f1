import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createWatch } from '../../../processors/writer/watch.js';
import { AT, watched } from '../../common/kafka/watched.js';

it("the writer's watch counts each message once that retention removed unread, and none of before its group", async (t) => {
  const { log, parts, look, scrape } = watched();
  const watch = createWatch({ ...parts, waitsForStore: () => false });
  t.after(() => watch.stop());
  await watch.start();
  const expiredAfter = async (low: number, committed: number | null) => {
    log.offsets = [{ ...AT, low, high: 100, committed }];
    await look();
    return (await scrape()).filter((line) => line.startsWith('bellwether_some_expired_messages_total'));
  };
  const shown = (count: number) => [`bellwether_some_expired_messages_total{topic="signals.v1"} ${count}`];
  assert.deepEqual(await expiredAfter(10, null), []);
  assert.deepEqual(await expiredAfter(10, 10), []);
  assert.deepEqual(await expiredAfter(14, 10), shown(4));
  assert.deepEqual(await expiredAfter(14, 10), shown(4));
  assert.deepEqual(await expiredAfter(15, 10), shown(5));
  assert.deepEqual(await expiredAfter(20, 18), shown(7));
});
