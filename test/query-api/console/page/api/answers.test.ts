import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as answers from '../../../../../query-api/console/page/api/answers.js';
import { offsetOf } from '../../../../../query-api/console/page/api/clock.js';
import { problemOf } from '../../../../../query-api/console/page/api/problem.js';

const scope = {
  customer: 'acme',
  from: '2026-05-05T12:00:00Z',
  to: '2026-05-05T12:15:00Z',
  step_seconds: 10,
  freshness: null,
  completeness: { windows_expected: 0, windows_received: 0, ratio: null, points_lost: 0 },
};

test('null is read as null, in every place where the API may say it', () => {
  const point = { time: scope.from, count: null, p50: null, p90: null, p99: null, mean: null };
  const latency = answers.readLatency({ ...scope, points: [point] });
  assert.equal(latency.points[0]?.count, null);
  assert.deepEqual([latency.freshness, latency.resolution], [null, null]);
  assert.equal(answers.readLatency({ ...scope, resolution: 'hour', points: [] }).resolution, 'hour');
  const drops = answers.readDrops({
    ...scope,
    totals: { packets: null, bytes: null },
    points: [{ time: scope.from, packets: null, bytes: null }],
    groups: [],
  });
  assert.equal(drops.totals.packets, null);
  assert.deepEqual(drops.points, [{ time: Date.parse(scope.from), packets: null }]);
});

test('an answer of another shape is refused by the name of the field', () => {
  assert.throws(
    () => answers.readDrops({ ...scope, totals: { packets: '7' }, points: [], groups: [] }),
    /"packets" should be a number/,
  );
  assert.throws(
    () => answers.readDrops({ ...scope, totals: { packets: 7, bytes: 7 }, groups: [] }),
    /"points" should be/,
  );
  assert.throws(
    () => answers.readLatency({ ...scope, from: 'yesterday', points: [] }),
    /"from" should be an RFC 3339/,
  );
  assert.throws(() => answers.readIdentity({ role: 'root', customer: null }), /"role"/);
  assert.throws(() => answers.readCustomers({ customers: [{}] }), /"customers"/);
});

test('a fault of a newer API is nobody’s', () => {
  const group = { reason: 'X', cause: 'new', fault: 'martian', packets: 1, points: [] };
  const { groups } = answers.readDrops({
    ...scope,
    totals: { packets: 1, bytes: 1 },
    points: [],
    groups: [group],
  });
  assert.equal(groups[0]?.fault, 'unknown');
  assert.equal(groups[0].explanation, '');
});

test('a problem keeps its code; a page of a proxy becomes one too', async () => {
  const body = { code: 'forbidden', title: 'No', detail: 'Not yours', status: 403 };
  const known = await problemOf(Response.json(body, { status: 403, headers: { 'retry-after': '7' } }));
  assert.deepEqual([known.code, known.status, known.retryAfterMs], ['forbidden', 403, 7_000]);
  const foreign = await problemOf(new Response('<h1>Bad gateway</h1>', { status: 502 }));
  assert.deepEqual([foreign.code, foreign.status], ['http_502', 502]);
});

test('a clock that is off by minutes is told from one that is read in whole seconds', () => {
  const now = Date.parse('2026-05-05T12:00:00.900Z');
  assert.equal(offsetOf('Tue, 05 May 2026 12:00:00 GMT', now), 0);
  assert.equal(offsetOf('Tue, 05 May 2026 12:05:00 GMT', now), 299_100);
  assert.equal(offsetOf(null, now), undefined);
});
