import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Component } from '../../common/runtime/component.js';
import { LossCause } from '../../common/wire/frames.gen.js';
import { createAgent } from '../../ingest/agent.js';
import { readConfig } from '../../ingest/config.js';
import { until } from '../support/until.js';
import { FakeLoader, FakeProducer, silentLog } from './fakes.js';
import * as frames from './frames.js';

const acme = frames.subject({ netnsCookie: 7n });
const inWindow = (nth: number, ...rows: Uint8Array[]) => [
  frames.window('begin', nth),
  ...rows,
  frames.window('end', nth),
];
const OWNERS = {
  rules: [
    { customer: 'acme', app: 'web', netns: 'acme' },
    { customer: 'globex', prefix: '10.0.0.0/8' },
  ],
};

describe('the agent against a loader of the test', () => {
  let directory = '';
  let loader: FakeLoader;
  let producer: FakeProducer;
  let components: Component[] = [];
  let ended = 0;

  async function startAgent(environment: Record<string, string> = {}): Promise<void> {
    const config = readConfig({
      KAFKA_BROKERS: '127.0.0.1:1',
      BELLWETHER_LOADER_SOCKET: loader.path,
      BELLWETHER_OWNERS_DIR: directory,
      BELLWETHER_HOST_ID: 'h1',
      BELLWETHER_AGENT_PORT: '0',
      ...environment,
    });
    components = createAgent(config, { producer, log: silentLog, onEnd: () => (ended += 1) });
    for (const component of components) await component.start();
  }

  async function stopAgent(): Promise<void> {
    const running = components;
    components = [];
    for (const component of running.reverse()) await component.stop();
  }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bellwether-agent-'));
    await writeFile(join(directory, 'owners.json'), JSON.stringify(OWNERS));
    loader = new FakeLoader(join(directory, 'loader.sock'));
    producer = new FakeProducer();
    ended = 0;
  });
  afterEach(async () => {
    loader.end();
    await stopAgent();
    await loader.stop();
    await rm(directory, { recursive: true });
  });

  const greet = () => loader.send([frames.hello(), ...frames.reasons(), frames.netns('/run/netns/acme', 7n)]);

  test('waits for the loader, tells it the prefixes, and ships each window once', async () => {
    await startAgent();
    await loader.start();
    await until('the agent is connected', () => loader.connected);
    greet();
    await until('the prefixes came', () => loader.commits === 1);
    assert.deepEqual(
      loader.prefixes.map(({ id, prefixLength }) => [id, prefixLength]),
      [[1, 104]],
    );
    loader.send([
      ...inWindow(0, frames.drops({ subject: acme, packets: 50 }), frames.loss(LossCause.DropMapFull, 2)),
      frames.dropEvent(acme),
      ...inWindow(1, frames.drops({ subject: acme, packets: 61 })),
    ]);
    await until('two batches are there', () => producer.signals.length === 2);
    const [first, second] = producer.signals;
    assert.deepEqual(
      producer.signals.map(({ identity }) => identity.seq),
      [0, 1],
    );
    assert.equal(first!.identity.run, second!.identity.run);
    assert.deepEqual(first!.customers, ['acme', 'globex']);
    assert.deepEqual(first!.ledger, { emittedPoints: 2, lost: { drop_map_full: 2 }, unattributed: {} });
    assert.deepEqual(first!.points[0]!.owner, { customer: 'acme', app: 'web', instance: '' });
    assert.ok(second!.points[0]!.kind === 'sum' && second!.points[0]!.value === 11);
    assert.equal(producer.events.length, 1);
    assert.deepEqual(producer.events[0]!.identity, second!.identity);
    assert.deepEqual(producer.order, ['signals.v1', 'events.v1', 'signals.v1']);
  });

  for (const span of [2, 3]) {
    test(`${span} windows that the loader closes in one are sent as the last of them`, async () => {
      await loader.start();
      await startAgent();
      await until('the agent is connected', () => loader.connected);
      greet();
      const edge = (which: 'begin' | 'end') => frames.window(which, 1, span * frames.WINDOW_MS, span);
      loader.send([
        ...inWindow(0, frames.drops({ subject: acme, packets: 5 })),
        edge('begin'),
        frames.drops({ subject: acme, packets: 50 }),
        frames.dropEvent(acme),
        edge('end'),
        ...inWindow(1 + span),
      ]);
      // The producer of the test decodes what was encoded, as the writer does.
      await until('three batches are there', () => producer.signals.length === 3);
      assert.deepEqual(
        producer.signals.map(({ windowStartMs, windowEndMs, observedMs }) => [
          (windowStartMs - frames.EPOCH_MS) / frames.WINDOW_MS,
          windowEndMs - windowStartMs,
          observedMs,
        ]),
        [0, span, span + 1].map((nth) => [nth, frames.WINDOW_MS, frames.WINDOW_MS]),
      );
      const point = producer.signals[1]!.points[0]!;
      assert.ok(point.kind === 'sum' && point.value === 45);
      assert.equal(producer.events[0]!.windowStartMs, producer.signals[1]!.windowStartMs);
    });
  }

  test('a stop asks for the last window and says goodbye in it, and only in it', async () => {
    await loader.start();
    await startAgent();
    await until('the agent is connected', () => loader.connected);
    greet();
    loader.send(inWindow(0));
    await until('a batch is there', () => producer.signals.length === 1);
    const stopped = stopAgent();
    await until('the agent asked', () => loader.finished);
    // A boundary may fall between the asking and the last window.
    loader.send([...inWindow(1, frames.drops({ subject: acme, packets: 1 })), ...inWindow(2)]);
    loader.end();
    await stopped;
    assert.deepEqual(
      producer.signals.map(({ goodbye }) => goodbye),
      [false, false, true],
    );
    assert.equal(ended, 0);
  });

  test('a namespace whose name comes after its first drops is attributed all the same', async () => {
    await loader.start();
    await startAgent();
    await until('the agent is connected', () => loader.connected);
    loader.send([
      frames.hello(),
      ...frames.reasons(),
      frames.window('begin', 0),
      frames.drops({ subject: acme, packets: 4 }),
      frames.netns('/run/netns/acme', 7n),
      frames.window('end', 0),
    ]);
    await until('a batch is there', () => producer.signals.length === 1);
    assert.equal(producer.signals[0]!.points[0]!.owner.customer, 'acme');
  });

  test('while Kafka is away batches wait; what overflows is told later', async () => {
    producer.away = true;
    await loader.start();
    await startAgent({ BELLWETHER_QUEUE_MAX_BATCHES: '2' });
    await until('the agent is connected', () => loader.connected);
    greet();
    for (let nth = 0; nth < 5; nth++)
      loader.send(inWindow(nth, frames.drops({ subject: acme, packets: nth + 1 })));
    await until('the agent tried', () => producer.attempts > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    producer.away = false;
    await until('what had waited is there', () =>
      producer.signals.some(({ identity }) => identity.seq === 4),
    );
    loader.send(inWindow(5));
    await until('the last batch is there', () => producer.signals.some(({ identity }) => identity.seq === 5));
    const seqs = producer.signals.map(({ identity }) => identity.seq);
    assert.deepEqual(
      seqs,
      [...seqs].sort((a, b) => a - b),
    );
    const lost = producer.signals.reduce(
      (sum, { ledger }) => sum + (ledger.lost['queue_overflow_batches'] ?? 0),
      0,
    );
    assert.equal(lost + producer.signals.length, 6);
    assert.ok(lost >= 3);
  });

  test('the loader going away ends the frames without a goodbye', async () => {
    await loader.start();
    await startAgent();
    await until('the agent is connected', () => loader.connected);
    greet();
    loader.send(inWindow(0));
    await until('a batch is there', () => producer.signals.length === 1);
    loader.end();
    await until('the end was noticed', () => ended === 1);
    assert.deepEqual(
      producer.signals.map(({ goodbye }) => goodbye),
      [false],
    );
  });

  test('owners may change while it runs', async () => {
    await loader.start();
    await startAgent();
    await until('the agent is connected', () => loader.connected);
    greet();
    await until('the prefixes came', () => loader.commits === 1);
    await writeFile(
      join(directory, 'more.json'),
      JSON.stringify({ rules: [{ customer: 'initech', prefix: '10.9.0.0/16' }] }),
    );
    await until('the prefixes came again', () => loader.commits === 2);
    loader.send(inWindow(0, frames.drops({ subject: frames.subject({ prefixId: 2 }), packets: 3 })));
    await until('a batch is there', () => producer.signals.length === 1);
    assert.equal(producer.signals[0]!.points[0]!.owner.customer, 'initech');
  });

  test('what it records it replays to the same points, with a goodbye at the end', async () => {
    const recording = join(directory, 'frames.rec.gz');
    await loader.start();
    await startAgent({ BELLWETHER_RECORD: recording });
    await until('the agent is connected', () => loader.connected);
    greet();
    loader.send([...inWindow(0, frames.drops({ subject: acme, packets: 50 })), ...inWindow(1)]);
    await until('two batches are there', () => producer.signals.length === 2);
    loader.end();
    await stopAgent();
    assert.ok((await stat(recording)).size > 0);

    const live = producer.signals;
    producer = new FakeProducer();
    ended = 0;
    const environment = {
      BELLWETHER_LOADER_SOCKET: '',
      BELLWETHER_REPLAY: recording,
      BELLWETHER_REPLAY_MODE: 'once',
    };
    await startAgent(environment);
    await until('the recording is over', () => ended === 1);
    await stopAgent();
    assert.deepEqual(
      producer.signals.map(({ points }) => points),
      live.map(({ points }) => points),
    );
    assert.deepEqual(
      producer.signals.map(({ goodbye }) => goodbye),
      [false, true],
    );
  });
});

describe('the configuration', () => {
  test('a loader or a recording, not both', () => {
    const base = { KAFKA_BROKERS: 'k:9092', BELLWETHER_OWNERS_DIR: '/x' };
    const either =
      /BELLWETHER_LOADER_SOCKET( is "\/s")?: set either this \(live probes\) or BELLWETHER_REPLAY/;
    assert.throws(() => readConfig(base), either);
    assert.throws(
      () => readConfig({ ...base, BELLWETHER_LOADER_SOCKET: '/s', BELLWETHER_REPLAY: '/r' }),
      either,
    );
    assert.equal(readConfig({ ...base, BELLWETHER_REPLAY: '/r' }).BELLWETHER_QUEUE_MAX_BATCHES, 720);
  });
});
