import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { createProgressWatch, type ProgressWatchOptions } from '../../../common/kafka/progress-watch.js';
import type { Component } from '../../../common/runtime/component.js';
import { AT, watched } from './watched.js';

const OTHER = { ...AT, partition: 1 };
const STANDS_STILL = [{ ...AT, low: 0, high: 9, committed: 5 }];
/** Enough for a stall, a restart and a second stall. */
const MANY = 8;

describe('progress watch', () => {
  let watch: Component | undefined;
  const start = async (options: ProgressWatchOptions) => {
    watch = createProgressWatch(options);
    await watch.start();
    return watch;
  };
  // One that took the machine's time would otherwise keep the process, and a failure would look like a wait.
  afterEach(() => watch?.stop());

  it('shows how much is not committed: of the whole log as long as nothing is', async () => {
    const { log, parts, look, scrape } = watched();
    log.offsets = [
      { ...AT, low: 2, high: 9, committed: 5 },
      { ...OTHER, low: 2, high: 9, committed: null },
      { ...AT, partition: 2, low: 2, high: 9, committed: 10 },
    ];
    await start(parts);
    await look();
    assert.deepEqual(await scrape(), [
      'bellwether_some_lag_messages{topic="signals.v1",partition="0"} 4',
      'bellwether_some_lag_messages{topic="signals.v1",partition="1"} 7',
      'bellwether_some_lag_messages{topic="signals.v1",partition="2"} 0',
      'bellwether_some_stalls_total 0',
    ]);
  });

  it('restarts a consumer that stands still, once; the second time it gives up', async () => {
    const { log, parts, look, happened, scrape } = watched();
    log.offsets = STANDS_STILL;
    await start(parts);
    await look();
    await look();
    assert.deepEqual(happened, []);
    await look();
    assert.deepEqual(happened, ['no progress on signals.v1[0] for 10000 ms']);
    await look();
    await look();
    assert.equal(happened.length, 1);
    await look();
    assert.equal(happened.length, 2);
    assert.match(
      happened.join('; '),
      /; .*still no progress on signals\.v1\[0\] after a restart of the consumer$/,
    );
    assert.ok((await scrape()).includes('bellwether_some_stalls_total 2'));
  });

  it('leaves a consumer alone that waits for the store', async () => {
    const { log, parts, look, happened } = watched();
    log.offsets = STANDS_STILL;
    let away = true;
    await start({ ...parts, waitsForStore: () => away });
    for (let looks = 0; looks < MANY; looks += 1) await look();
    assert.deepEqual(happened, []);
    away = false;
    for (let looks = 0; looks < 2; looks += 1) await look();
    assert.equal(happened.length, 1);
  });

  it('leaves a partition alone whose messages are kept back, and still shows its lag', async () => {
    const { log, parts, look, happened, scrape } = watched();
    log.offsets = [...STANDS_STILL, { ...OTHER, low: 0, high: 9, committed: 5 }];
    let held = [0, 1];
    await start({
      ...parts,
      holdsMessagesOf: ({ partition }) => held.includes(partition),
    });
    for (let looks = 0; looks < MANY; looks += 1) await look();
    assert.deepEqual(happened, []);
    assert.ok((await scrape()).includes('bellwether_some_lag_messages{topic="signals.v1",partition="1"} 4'));
    held = [0];
    for (let looks = 0; looks < 3; looks += 1) await look();
    assert.deepEqual(happened, ['no progress on signals.v1[1] for 10000 ms']);
  });

  it('goes on after a look that failed', async () => {
    const { log, parts, look, lines, scrape } = watched();
    log.offsets = STANDS_STILL;
    log.answer = () => Promise.reject(new Error('broker away'));
    await start(parts);
    await look();
    assert.match(lines.join(''), /broker away.*could not look at the lag/);
    log.answer = () => Promise.resolve();
    await look();
    assert.equal(lines.length, 1);
    assert.ok((await scrape()).includes('bellwether_some_lag_messages{topic="signals.v1",partition="0"} 4'));
  });

  it('never looks twice at a time; stop waits for the look and then there is none', async () => {
    const { log, parts, look } = watched();
    let answer = () => {};
    log.answer = () => new Promise((resolve) => (answer = resolve));
    const started = await start(parts);
    await look();
    await look();
    assert.equal(log.reads, 1);
    let stopped = false;
    const stopping = started.stop().then(() => (stopped = true));
    await look();
    assert.equal(stopped, false);
    answer();
    await stopping;
    await look();
    assert.equal(log.reads, 1);
  });
});
