import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { Principal } from '../../../common/auth/principal.js';
import { connectClickHouse, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { createLogger } from '../../../common/runtime/log.js';
import { Gate } from '../../../query-api/http/gate.js';
import { createExecutor } from '../../../query-api/plan/executor.js';
import { CustomerScope } from '../../../query-api/plan/scope.js';
import type { ViewContext } from '../../../query-api/views/context.js';
import { answerDrops } from '../../../query-api/views/drops.js';
import { answerLatency } from '../../../query-api/views/latency.js';
import { answerMetric } from '../../../query-api/views/metrics.js';
import { startRealStore, type RealStore } from '../real-store.js';
import { agentWrites, CUSTOMERS, storeAgentWrites, type AgentWrite } from '../tiers/agents.js';
import {
  foreignWrites,
  isExplicit,
  METRICS,
  metricOf,
  seriesOf,
  storeForeignWrites,
  type ForeignWrite,
} from '../tiers/foreign.js';
import { expectedPoints } from '../tiers/oracle.js';
import { History, LENGTH_MS } from '../tiers/history.js';
import { questions, spans, type Question } from '../tiers/questions.js';

const DAY_MS = LENGTH_MS.day;
/** Three days of which raw is kept; the last one ended a day ago, also for a test that runs at midnight. */
const BASE = Math.floor(Date.now() / DAY_MS) * DAY_MS - 4 * DAY_MS;
/** In neighbouring hours and days, so that increases are taken across the edges of buckets of each length. */
const MINUTES = [0, 1, 2].flatMap((day) =>
  ['00:00', '00:30', '13:30', '13:59', '14:05', '23:50'].map((clock) => {
    const [hour = 0, minute = 0] = clock.split(':').map(Number);
    return BASE + day * DAY_MS + hour * LENGTH_MS.hour + minute * LENGTH_MS.minute;
  }),
);
const ROUNDS = 3;
const QUESTIONS = 8;
const operator = Principal.ofToken({ id: 't', role: 'operator', customer: '' });

const rounds = fc.record({
  writes: fc.array(agentWrites(MINUTES), { minLength: 1, maxLength: 60 }),
  foreign: fc.array(foreignWrites(MINUTES), { minLength: 2, maxLength: 5 }),
  /** Writes of before that come again. */
  replays: fc.array(fc.nat(), { maxLength: 5 }),
  /** What happens to minutes; most are made as they should. */
  minutes: fc.array(
    fc.tuple(fc.constantFrom(...MINUTES), fc.constantFrom('made', 'made', 'made', 'killed', 'asleep')),
    { maxLength: 12 },
  ),
  wakeUp: fc.boolean(),
  /** Hours and days that are made whatever state their minutes are in. */
  coarse: fc.array(fc.tuple(fc.constantFrom('hour' as const, 'day' as const), fc.constantFrom(...MINUTES)), {
    maxLength: 4,
  }),
  everything: fc.boolean(),
  merge: fc.boolean(),
  questions: fc.array(questions(spans(MINUTES)), { minLength: QUESTIONS, maxLength: QUESTIONS }),
});
type Round = typeof rounds extends fc.Arbitrary<infer T> ? T : never;

describe('answers at any resolution', () => {
  let store: RealStore;
  let reader: ClickHouseClient;
  let history: History;
  let context: ViewContext;
  const written: AgentWrite[] = [];
  const sent: ForeignWrite[] = [];
  before(async () => {
    store = await startRealStore({ rawRetentionHours: 24 * 7 });
    reader = connectClickHouse({ url: store.url('reader'), application: 'test' });
    history = new History(store.admin);
    await history.prepare();
    const log = createLogger('test', 'fatal');
    context = {
      executor: createExecutor({ client: reader, log, observe: () => undefined }),
      gate: new Gate({ limit: 4, limitPerHolder: 4, onRefused: () => undefined }),
      now: Date.now,
      windowMs: 5_000,
      graceMs: 10_000,
      retention: { rawMs: 7 * DAY_MS, minuteMs: 30 * DAY_MS, rollupMonths: 13 },
      eventRetentionMs: 7 * DAY_MS,
      tokenCustomers: () => [],
    };
  });
  after(async () => {
    await reader.close();
    await store.stop();
  });

  const ask = async (question: Question, resolution: 'auto' | 'raw', of: ViewContext = context) => {
    const scope = CustomerScope.grant(operator, question.customer);
    const { signal } = new AbortController();
    const query = { ...question, resolution };
    if (question.view === 'metric') {
      return answerMetric(of, scope, question.metric, { ...query, by: question.by }, signal);
    }
    return question.view === 'latency'
      ? answerLatency(of, scope, { ...query, signal: question.signal, app: question.app }, signal)
      : answerDrops(of, scope, { ...query, by: question.by }, signal);
  };

  /** All that there is, in steps that each resolution can serve: in each round each metric in another. */
  const everything = (round: number): Question[] => {
    const span = { from: new Date(BASE).toISOString(), to: new Date(BASE + 3 * DAY_MS).toISOString() };
    const steps = ['60s', '3600s', '86400s'];
    const [customer, other] = CUSTOMERS;
    return [
      ...steps.flatMap((step): Question[] => [
        { ...span, step, customer, view: 'latency', signal: 'tcp.rtt' },
        { ...span, step, customer: other, view: 'drops', by: 'reason' },
      ]),
      ...METRICS.map((metric, place): Question => {
        const step = steps[(place + round) % steps.length] ?? '60s';
        return { ...span, step, customer, view: 'metric', metric, by: 'app' };
      }),
    ];
  };

  /** What the answers are about, without what they were read at. */
  const figures = (answer: Awaited<ReturnType<typeof ask>>) => ({
    ...answer,
    resolution: undefined,
    resolutions: undefined,
  });

  async function play(round: Round): Promise<void> {
    const again = round.replays.flatMap((place) => written[place % Math.max(1, written.length)] ?? []);
    written.push(...round.writes);
    const writes = [...round.writes, ...again];
    await storeAgentWrites(store.admin, writes, (write) => written.indexOf(write));
    const resent = round.replays.flatMap((place) => {
      const write = sent[place % Math.max(1, sent.length)];
      return write === undefined ? [] : [write];
    });
    sent.push(...round.foreign);
    const foreign = [...round.foreign, ...resent];
    await storeForeignWrites(store.admin, foreign, (write) => sent.indexOf(write));
    const times = [...writes.map((write) => write.startMs), ...foreign.flat().map((row) => row.timeMs)];
    await history.touched(times);
    for (const [minute, what] of round.minutes) {
      if (what === 'asleep') await history.fallAsleep(minute);
      if (what === 'killed') await history.makeMinutes([minute], false);
    }
    const made = round.minutes.filter(([, what]) => what === 'made').map(([minute]) => minute);
    await history.makeMinutes([...new Set(made)]);
    if (round.everything) await history.makeAll();
    for (const [resolution, near] of round.coarse) {
      await history.makeCoarse(resolution, [
        Math.floor(near / LENGTH_MS[resolution]) * LENGTH_MS[resolution],
      ]);
    }
    if (round.wakeUp) await history.wakeUp();
    if (round.merge) await history.merge();
  }

  it('are those from raw alone, whatever was late, killed, replayed or asleep', async () => {
    const seed = Date.now() % 2 ** 31;
    const seen = new Map<string, number>();
    let filled = 0;
    for (const [index, round] of fc.sample(rounds, { numRuns: ROUNDS, seed }).entries()) {
      // Of each other round everything is made, so that coarse answers are asked for as well.
      await play({ ...round, everything: index % 2 === 1, merge: index === ROUNDS - 1 });
      for (const question of [...everything(index), ...round.questions]) {
        const [mixed, raw] = await Promise.all([ask(question, 'auto'), ask(question, 'raw')]);
        assert.equal(raw.resolution, 'raw');
        assert.deepEqual(
          figures(mixed),
          figures(raw),
          `seed ${seed}, round ${index}: ${JSON.stringify(question)}`,
        );
        const used = new Set(mixed.resolutions.map((stretch) => stretch.resolution));
        for (const one of used) seen.set(one, (seen.get(one) ?? 0) + 1);
        if (/"(count|packets|increase|last)":[1-9]/.test(JSON.stringify(mixed))) filled += 1;
      }
    }
    for (const resolution of ['raw', 'minute', 'hour', 'day']) {
      assert.ok(
        (seen.get(resolution) ?? 0) > 0,
        `no answer was read at ${resolution}: ${JSON.stringify([...seen])}`,
      );
    }
    assert.ok(filled > ROUNDS * everything(0).length * 0.5, `only ${filled} answers held anything`);
  });

  it('of metrics of others are what walking through their rows gives', async () => {
    const rows = sent.flatMap((write, source) => write.map((row) => ({ ...row, source })));
    for (const kind of new Set(rows.map((row) => row.kind))) {
      for (const [by, keyOf] of [
        ['series', seriesOf],
        ['app', (row: { app: string }) => row.app],
      ] as const) {
        const customer = CUSTOMERS[0];
        // Just after rows, from which the first increases are taken.
        const from = new Date(BASE + 14 * LENGTH_MS.hour).toISOString();
        const to = new Date(BASE + 3 * DAY_MS).toISOString();
        const metric = metricOf(kind);
        const answer = await ask({ from, to, customer, view: 'metric', metric, by, step: '3600s' }, 'auto');
        assert.ok('groups' in answer && 'metric' in answer);
        const steps = { fromMs: Date.parse(answer.from), toMs: Date.parse(answer.to), stepMs: 3_600_000 };
        const mine = rows.filter((row) => row.kind === kind && row.customer === customer);
        const names = [...new Set(mine.filter((row) => row.timeMs >= steps.fromMs).map(keyOf))].sort();
        assert.deepEqual(
          answer.groups.map(({ name }) => name),
          names,
          kind,
        );
        for (const group of answer.groups) {
          const expected = expectedPoints(
            mine.filter((row) => keyOf(row) === group.name),
            kind,
            steps,
          );
          const measured = group.points.filter((point) =>
            Object.values(point).some((value) => typeof value === 'number'),
          );
          assert.deepEqual(
            measured.map(({ time, ...point }) => [Date.parse(time), point]),
            [...expected].sort(([a], [b]) => a - b),
            `${kind} by ${by}`,
          );
          assert.equal(group.bounds !== null, isExplicit(kind));
        }
      }
    }
  });

  it('are the same once raw is gone, and do not count what was never rolled up', async () => {
    await history.makeAll();
    const old = { ...context, retention: { ...context.retention, rawMs: LENGTH_MS.hour } };
    for (const question of everything(1)) {
      const [mixed, raw] = await Promise.all([ask(question, 'auto', old), ask(question, 'raw')]);
      assert.ok(!mixed.resolutions.some(({ resolution }) => resolution === 'raw'));
      assert.deepEqual(figures(mixed), figures(raw), JSON.stringify(question));
    }
    const startMs = BASE + 18 * LENGTH_MS.hour;
    const dropped = { metric: 'packet.drops', value: 7, customer: 'acme', host: 'h1', startMs };
    const write = { startMs, host: 'h1', rows: [dropped] };
    written.push(write);
    await storeAgentWrites(store.admin, [write], () => written.indexOf(write));
    await history.touched([startMs]);
    const around = { from: new Date(startMs).toISOString(), to: new Date(startMs + 60_000).toISOString() };
    for (const step of ['60s', '3600s'] as const) {
      const question: Question = { ...around, step, customer: 'acme', view: 'drops', by: 'reason' };
      const [gone, still] = await Promise.all([ask(question, 'auto', old), ask(question, 'raw')]);
      assert.ok('totals' in gone && 'totals' in still);
      assert.deepEqual([gone.totals.packets, still.totals.packets], [null, 7]);
      const received = [gone, still].map(({ completeness }) => completeness.windows_received);
      assert.deepEqual(received, [0, 1], 'the window is in the ledger, but nothing of it is left');
      assert.equal(gone.completeness.windows_expected, still.completeness.windows_expected);
    }
  });
});
