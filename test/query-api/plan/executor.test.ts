import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { connectClickHouse } from '../../../common/clickhouse/connection.js';
import { createLogger } from '../../../common/runtime/log.js';
import { Principal } from '../../../common/auth/principal.js';
import { createExecutor } from '../../../query-api/plan/executor.js';
import { Query, storedNumber } from '../../../query-api/plan/query.js';
import { FleetScope } from '../../../query-api/plan/scope.js';
import { sql } from '../../../query-api/plan/sql.js';
import { hasCode } from '../errors.js';

const query = Query.of({
  name: 'one',
  scope: FleetScope.grant(Principal.ofToken({ id: 'o', role: 'operator', customer: '' })),
  sql: sql`SELECT {a:String} AS a`,
  parameters: { a: "it's" },
  row: z.object({ n: storedNumber }),
});

/** An executor over a server that answers as told; undefined: never. */
async function over(answer: { status: number; body: string } | undefined, requestTimeoutMs = 2_000) {
  const seen: URLSearchParams[] = [];
  const outcomes: string[] = [];
  let arrive: () => void = () => undefined;
  let close: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const closed = new Promise<void>((resolve) => (close = resolve));
  const server = createServer((request, response) => {
    seen.push(new URL(request.url ?? '', 'http://x').searchParams);
    response.on('close', close);
    arrive();
    if (answer === undefined) return;
    const code = /^Code: (\d+)/.exec(answer.body)?.[1];
    if (code !== undefined) response.setHeader('x-clickhouse-exception-code', code);
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const client = connectClickHouse({
    url: `http://127.0.0.1:${port}`,
    application: 'test',
    requestTimeoutMs,
  });
  const executor = createExecutor({
    client,
    log: createLogger('test', 'fatal'),
    observe: (_name, outcome) => void outcomes.push(outcome),
  });
  const stop = async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { executor, seen, outcomes, arrived, closed, stop };
}

const never = new AbortController().signal;

describe('executor', () => {
  it('runs each query read-only, bounded and with its values as parameters', async (t) => {
    const { executor, seen, stop } = await over({ status: 200, body: '{"n":"7"}\n' });
    t.after(stop);
    assert.deepEqual(await executor.run(query, never), [{ n: 7 }]);
    const settings = Object.fromEntries(seen[0] ?? []);
    assert.equal(settings['param_a'], "it\\'s");
    assert.equal(settings['readonly'], '1');
    for (const bound of ['max_execution_time', 'max_result_rows', 'max_result_bytes']) {
      assert.ok(Number(settings[bound]) > 0, bound);
    }
    assert.equal(settings['result_overflow_mode'], 'throw');
  });

  it("gives the engine's errors a code of ours and keeps its words back", async (t) => {
    const cases = [
      ['159', 'query_timeout'],
      ['396', 'too_many_points'],
      ['241', 'too_many_points'],
      ['202', 'too_many_requests'],
      ['60', 'store_unavailable'],
      ['516', 'store_unavailable'],
      ['62', 'internal'],
    ] as const;
    for (const [engine, code] of cases) {
      const body = `Code: ${engine}. DB::Exception: secret SELECT. (SOME_ERROR)`;
      const { executor, outcomes, stop } = await over({ status: 500, body });
      t.after(stop);
      await assert.rejects(executor.run(query, never), hasCode(code, /^(?!.*secret)/), engine);
      assert.deepEqual(outcomes, [code]);
    }
  });

  it('says that the store is away, slow, or answers in another shape', async (t) => {
    const odd = await over({ status: 200, body: '{"m":1}\n' });
    const slow = await over(undefined);
    const gone = await over({ status: 200, body: '' });
    await gone.stop();
    t.after(async () => Promise.all([odd.stop(), slow.stop()]));
    await assert.rejects(odd.executor.run(query, never), hasCode('internal', /another shape/));
    await assert.rejects(slow.executor.run(query, never), hasCode('query_timeout'));
    await assert.rejects(gone.executor.run(query, never), hasCode('store_unavailable'));
  });

  it('closes the request when the client has gone away', async (t) => {
    const { executor, outcomes, arrived, closed, stop } = await over(undefined, 60_000);
    t.after(stop);
    const gone = new AbortController();
    const running = executor.run(query, gone.signal);
    void arrived.then(() => gone.abort());
    await assert.rejects(running);
    await closed;
    assert.deepEqual(outcomes, ['cancelled']);
  });
});
