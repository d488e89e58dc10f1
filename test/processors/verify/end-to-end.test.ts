import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createProducer } from '../../../common/kafka/producer.js';
import { encodeSignalBatch } from '../../../common/wire/otlp.js';
import { createOffsetReader } from '../../../common/kafka/partition-offsets.js';
import { logRanges } from '../../../common/kafka/topic-reader.js';
import { totalsText } from '../../../processors/verify/text.js';
import { readLetters } from '../../../processors/verify/letters.js';
import { verify } from '../../../processors/verify/verify.js';
import type { Totals, WindowReport } from '../../../processors/verify/report.js';
import { deadLetterTopic, SIGNALS_TOPIC } from '../../../schema/topics.js';
import { deadLetters } from '../../support/chaos/quiet.js';
import { fleetBatch, fleetPlan } from '../../support/fleet/plan.js';
import type { Part } from '../../support/part.js';
import { CODE } from '../../support/paths.js';
import { untilDespiteErrors } from '../../support/until.js';
import { startPipeline, type Pipeline } from '../writer/pipeline.js';

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;
const WINDOWS = 6;

describe('verify, with a real broker, writer and store', () => {
  const startMs = Math.floor(Date.now() / HOUR_MS - 2) * HOUR_MS - 10_000;
  const plan = fleetPlan.parse({ hosts: 3, pointsPerBatch: 40, startMs });
  const run = randomUUID();
  let pipeline: Pipeline;
  let writer: Part;

  const messageOf = (host: number, window: number) => {
    const batch = fleetBatch(plan, { host, window, run });
    return { key: batch.host.id, value: encodeSignalBatch(batch) };
  };
  const send = async (messages: { key: string; value: Uint8Array }[]) => {
    const { broker, log } = pipeline;
    const producer = createProducer({ ...broker, clientId: 'test', log, maxMessageBytes: 8 * MIB });
    await producer.send(SIGNALS_TOPIC, messages);
    await producer.stop();
  };
  const untilCommitted = async () => {
    const kafka = { brokers: pipeline.broker.brokers, clientId: 'test', log: pipeline.log };
    const reader = createOffsetReader({ ...kafka, groupId: 'bellwether-writer', topics: [SIGNALS_TOPIC] });
    await reader.start();
    const isAll = async () => (await reader.read()).every(({ high, committed }) => high === (committed ?? 0));
    await untilDespiteErrors('all is committed', isAll, 60_000);
    await reader.stop();
  };
  const run_ = async (chunkMessages?: number): Promise<{ windows: WindowReport[]; totals: Totals }> => {
    const windows: WindowReport[] = [];
    const totals = await verify({
      kafka: { brokers: pipeline.broker.brokers, clientId: 'test', log: pipeline.log },
      client: pipeline.client,
      groupId: 'bellwether-writer',
      retentionMs: 48 * HOUR_MS,
      fromMs: startMs,
      toMs: startMs + HOUR_MS,
      ...(chunkMessages === undefined ? {} : { chunkMessages }),
      onWindow: (report) => windows.push(report),
    });
    return { windows, totals };
  };
  const cli = (args: string[]) => {
    const env = {
      ...process.env,
      KAFKA_BROKERS: pipeline.broker.brokers.join(','),
      CLICKHOUSE_URL: pipeline.storeUrl,
    };
    return new Promise<{ code: unknown; output: string }>((resolve) => {
      execFile(process.execPath, [join(CODE, 'cli/main.js'), ...args], { env }, (error, stdout) =>
        resolve({ code: error?.code ?? 0, output: stdout }),
      );
    });
  };
  const change = (query: string) => pipeline.client.command({ query });

  before(async () => {
    pipeline = await startPipeline();
    assert.equal(await pipeline.run('schema/main.js', 'schema').exited, 0);
    writer = pipeline.run('processors/writer/main.js', 'writer', { BELLWETHER_WRITER_PORT: '0' });
    for (let window = 0; window < WINDOWS; window += 1) {
      await send([0, 1, 2].map((host) => messageOf(host, window)));
    }
    // Sent again, unreadable, and too old.
    await send([messageOf(1, 2), { key: 'fleet-0001', value: Buffer.from('no protobuf') }]);
    const old = fleetBatch({ ...plan, startMs: startMs - 60 * HOUR_MS }, { host: 0, window: 0, run });
    await send([{ key: old.host.id, value: encodeSignalBatch(old) }]);
    await untilCommitted();
  });
  after(async () => {
    await pipeline.stop();
  });

  it('says equal, and counts what was sent and sent again', async () => {
    const { windows, totals } = await run_();
    assert.equal(totals.equal, true, totalsText(totals));
    assert.equal(windows.length, 3 * WINDOWS);
    assert.equal(totals.produced, 3 * WINDOWS * 40);
    assert.equal(totals.stored, totals.produced);
    assert.deepEqual([totals.repeats, totals.pending, totals.hosts], [1, 0, 3]);
    // Of the ledger of host 1, in each of its windows and in the one that was sent again once.
    assert.deepEqual(totals.lostOnHost, { ring_full: WINDOWS });
  });

  it('says the same of chunks of two messages', async () => {
    const [whole, chunks] = [await run_(), await run_(6)];
    assert.equal(chunks.totals.unequal, 0);
    assert.equal(
      chunks.totals.stored - whole.totals.stored,
      40 * (whole.totals.repeats - chunks.totals.repeats),
    );
  });

  it('names the window of a row that is gone, of one that was changed, and of one too many', async () => {
    const at = (window: number) => `time = toDateTime64(${String(startMs / 1_000 + window * 5)}, 3, 'UTC')`;
    const row = (host: number, window: number) => `host = 'fleet-000${String(host)}' AND ${at(window)}`;
    const metric = "metric = 'tcp.retransmits'";
    await change(
      `ALTER TABLE bellwether.samples DELETE WHERE ${row(0, 1)} AND metric = 'tcp.rtt' AND customer = 'acme' SETTINGS mutations_sync = 2`,
    );
    const columns =
      'customer, metric, series, time, source, window_ms, kind, value, region, host, app, instance, attributes';
    const copy = (what: string, host: number, window: number) =>
      change(
        `INSERT INTO bellwether.samples (${columns}) SELECT ${what} FROM bellwether.samples FINAL WHERE ${row(host, window)} AND ${metric} LIMIT 1`,
      );
    await copy(columns.replace('value', 'value + 1'), 1, 3);
    await copy(columns.replace('source', 'source + 1'), 2, 4);
    const { windows, totals } = await run_();
    assert.equal(totals.equal, false);
    const wrong = windows.filter(({ problems }) => problems.length > 0);
    const words = wrong.map(({ host, windowMs, problems }) => {
      return `${host} ${String((windowMs - startMs) / 5_000)}: ${problems.join('; ').replace(/ \(.*\)/, '')}`;
    });
    assert.deepEqual(words, [
      'fleet-0000 1: 39 rows of 40 are stored',
      'fleet-0001 3: values of sums differ',
      'fleet-0002 4: 1 rows in samples belong to no batch of the ledger',
    ]);
  });

  it('the command ends with 1 and prints JSON, a line a window', async () => {
    const args = [
      '--from',
      new Date(startMs).toISOString(),
      '--to',
      new Date(startMs + 60_000).toISOString(),
    ];
    const { code, output } = await cli(['verify', ...args, '--json']);
    assert.equal(code, 1, output);
    const lines = output.trim().split('\n');
    assert.equal(lines.length, 3 * WINDOWS + 2);
    assert.match(lines.at(-1) ?? '', /^\{"totals":\{"hosts":3,/);
  });

  it('counts the letter that a replay became, and not the record of the replay', async () => {
    const { brokers } = pipeline.broker;
    const kafka = { brokers, clientId: 'test', log: pipeline.log };
    const refused = async () => {
      const letters = await readLetters(kafka, 0);
      const places = [0, 1, 2].flatMap((partition) =>
        Array.from({ length: 100 }, (_, offset) => ({ partition, offset })),
      );
      return places.flatMap((place) => letters.reasonOf(place) ?? []).sort();
    };
    assert.deepEqual(await refused(), ['too_old', 'unreadable']);
    assert.equal(await deadLetters(brokers), 2);
    const { code, output } = await cli(['dead-letters', 'replay', '--reason', 'too_old', '--yes']);
    assert.equal(code, 0, output);
    await untilCommitted();
    // On the topic are four messages now: it was refused again, and there is a record.
    const ranges = await logRanges(kafka, deadLetterTopic(SIGNALS_TOPIC), { newest: Infinity });
    assert.equal(
      ranges.reduce((sum, { start, end }) => sum + end - start, 0),
      4,
    );
    assert.deepEqual(await refused(), ['too_old', 'too_old', 'unreadable']);
    assert.equal(await deadLetters(brokers), 3);
  });

  it('what is not committed yet is pending, not lost', async () => {
    await writer.end('SIGTERM');
    await send([messageOf(0, WINDOWS), messageOf(1, WINDOWS)]);
    const { windows, totals } = await run_();
    assert.equal(totals.pending, 80);
    const late = windows.filter(({ windowMs }) => windowMs === startMs + WINDOWS * 5_000);
    assert.deepEqual(
      late.map(({ problems, pending }) => [problems.length, pending]),
      [
        [0, 40],
        [0, 40],
      ],
    );
  });
});
