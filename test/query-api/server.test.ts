import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { ERROR_KINDS, type ErrorCode } from '../../common/runtime/errors.js';
import { PROBLEM_TYPE, problemSchema } from '../../query-api/http/problem.js';
import { fakeApi, type Answer } from './fake-api.js';

/** Holds an answer to RFC 9457 and the error table. */
function assertProblem(answer: Answer, code: ErrorCode, detail = /./) {
  const problem = problemSchema.parse(JSON.parse(answer.body));
  assert.equal(problem.code, code, answer.body);
  assert.equal(answer.status, ERROR_KINDS[code].status);
  assert.equal(problem.status, answer.status);
  assert.equal(problem.title, ERROR_KINDS[code].title);
  assert.match(problem.instance, /^urn:uuid:[0-9a-f-]{36}$/);
  assert.match(problem.detail, detail);
  assert.equal(answer.headers['content-type'], PROBLEM_TYPE);
}

describe('HTTP surface', () => {
  it('wants a token for all of /v1, in the header only', async () => {
    const { get, tokens } = await fakeApi();
    const paths = [
      ...['whoami', 'customers', 'fleet/ledger', 'customers/acme/latency', 'customers/acme/drops'],
      ...['customers/acme/metrics', 'customers/acme/metrics/requests'],
    ];
    for (const route of paths) {
      const answer = await get(`/v1/${route}?access_token=${tokens.acme}`);
      assertProblem(answer, 'unauthorized', /Authorization header holds no token/);
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="bellwether"');
    }
    assertProblem(
      await get('/v1/whoami', `bw_${'x'.repeat(43)}`),
      'unauthorized',
      /not known, or it was revoked/,
    );
    const who = await get('/v1/whoami', tokens.acme);
    assert.deepEqual(JSON.parse(who.body), { role: 'customer', customer: 'acme' });
    assert.deepEqual(JSON.parse((await get('/v1/whoami', tokens.operator)).body), {
      role: 'operator',
      customer: null,
    });
  });

  it("refuses another customer's path in the same words whether it exists or not, before it looks at anything", async () => {
    const { get, tokens, ran } = await fakeApi();
    const bodies = new Set<string>();
    for (const other of [
      'globex',
      'nobody',
      'ACME',
      'acme%20',
      'acme%2F..%2Fglobex',
      '%00',
      'x'.repeat(300),
    ]) {
      for (const rest of [
        ...['latency', 'drops?by=nonsense', 'events?limit=0', 'latency?from=never'],
        ...['metrics', 'metrics/packet.drops', 'metrics/requests?by=region'],
      ]) {
        const answer = await get(`/v1/customers/${other}/${rest}`, tokens.acme);
        assertProblem(answer, 'forbidden');
        bodies.add(answer.body.replace(/urn:uuid:[^"]+/, ''));
      }
    }
    assert.equal(bodies.size, 1);
    assert.equal(ran.length, 0);
    for (const route of ['customers', 'fleet/ledger']) {
      assertProblem(await get(`/v1/${route}`, tokens.acme), 'forbidden', /operators/);
    }
    assertProblem(await get('/v1/customers/acme/drops?by=host', tokens.acme), 'forbidden', /^by: "host"/);
    assert.equal((await get('/v1/customers/acme/drops?by=host', tokens.operator)).status, 200);
  });

  it('names the parameter, what it held and what would be right', async () => {
    const { get, tokens } = await fakeApi();
    const cases: [string, RegExp][] = [
      ['latency?signal=tcp.rrt', /^signal: "tcp\.rrt" is not valid; right would be one of tcp\.rtt/],
      ['latency?signal=packet.drops', /^signal: "packet\.drops"/],
      [
        'latency?stepp=10s',
        /^"stepp": not a parameter of this path; right would be signal, from, to, step, resolution, app$/,
      ],
      ['latency?step=10s&step=20s', /^step: was given 2 times/],
      ['latency?from=yesterday', /^from: "yesterday" is not a time; right would be/],
      ['latency?step=7s', /^step: "7s" is not a multiple/],
      ['latency?app=', /^app: "" is not valid; right would be a name/],
      ['drops?by=colour', /^by: "colour" is not valid; right would be one of reason/],
      ['latency?resolution=minute', /^resolution: "minute" is not valid; right would be auto or raw$/],
      [
        'metrics/packet.drops',
        /^metric: "packet.drops" is a signal of our own agents; right would be \/v1\/customers\/\{customer\}\/drops$/,
      ],
      ['metrics/requests?by=region', /^by: "region" is not valid; right would be one of app, instance, host/],
      ['events?limit=1001', /^limit: "1001" is not valid; right would be a whole number from 1 to 1000$/],
      ['events?limit=1e2', /^limit: "1e2"/],
      ['events?from=now&to=now-1m', /^from: "now" is not before to/],
    ];
    for (const [route, detail] of cases) {
      assertProblem(await get(`/v1/customers/acme/${route}`, tokens.acme), 'bad_request', detail);
    }
    const many = await get('/v1/customers/acme/latency?from=now-1d&step=5s', tokens.acme);
    assertProblem(many, 'too_many_points', /^step: 5s cuts this range into 17281 steps/);
  });

  it('answers unknown paths, other methods, HEAD and OPTIONS as HTTP has it', async () => {
    const { get, inject, tokens } = await fakeApi();
    for (const url of [
      '/nothing',
      '/v1',
      '/v1/',
      '/v1//whoami',
      '/V1/whoami',
      '/v1/customers/acme/latency/',
      '/..%2f',
    ]) {
      assertProblem(await get(url, tokens.acme), 'not_found');
    }
    for (const url of ['/v1/whoami', '/v1/customers/globex/latency', '/healthz', '/']) {
      const answer = await inject({ method: 'POST', url, payload: 'x'.repeat(100_000), token: tokens.acme });
      assertProblem(
        answer,
        'method_not_allowed',
        /^POST is not taken here; right would be GET, HEAD, OPTIONS$/,
      );
      assert.equal(answer.headers['allow'], 'GET, HEAD, OPTIONS');
    }
    assertProblem(await inject({ method: 'DELETE', url: '/v1/customers/acme/drops' }), 'method_not_allowed');
    const options = await inject({ method: 'OPTIONS', url: '/v1/whoami' });
    assert.deepEqual(
      [options.status, options.headers['allow'], options.body],
      [204, 'GET, HEAD, OPTIONS', ''],
    );
    assert.ok(!('access-control-allow-origin' in options.headers));
    const head = await inject({ method: 'HEAD', url: '/v1/whoami', token: tokens.acme });
    assert.deepEqual([head.status, head.body], [200, '']);
    assertProblem(await get('/v1/customers/%E0%A4%A/latency', tokens.acme), 'bad_request');
    assertProblem(
      await get(`/v1/customers/${'x'.repeat(600)}/latency`, tokens.operator),
      'bad_request',
      /too long/,
    );
  });

  it('sends security headers with every answer, errors too', async () => {
    const { get, tokens } = await fakeApi();
    for (const url of [
      '/',
      '/healthz',
      '/v1/whoami',
      '/nothing',
      '/v1/customers/%E0%A4%A/latency',
      '/openapi.json',
    ]) {
      const { headers } = await get(url, tokens.acme);
      assert.match(
        String(headers['content-security-policy']),
        /^default-src 'self';.*frame-ancestors 'none'/,
        url,
      );
      assert.equal(headers['x-content-type-options'], 'nosniff', url);
      assert.equal(headers['referrer-policy'], 'no-referrer', url);
      assert.ok(!('x-powered-by' in headers) && !('server' in headers), url);
    }
    assert.equal((await get('/v1/whoami', tokens.acme)).headers['cache-control'], 'no-store');
  });

  it('serves the page where it is built, and says how to build it where it is not', async (t) => {
    assertProblem(await (await fakeApi()).get('/'), 'not_found', /npm run build/);
    const directory = mkdtempSync(path.join(tmpdir(), 'bellwether-console-'));
    t.after(() => rmSync(directory, { recursive: true }));
    writeFileSync(path.join(directory, 'index.html'), '<!doctype html><title>page</title>');
    writeFileSync(path.join(directory, 'page.js'), 'export {};');
    const { get, inject } = await fakeApi({ consoleDirectory: directory });
    const page = await get('/');
    assert.match(page.body, /<title>page/);
    assert.match(String(page.headers['content-type']), /^text\/html/);
    assert.equal(page.headers['cache-control'], 'no-cache');
    assert.equal((await get('/page.js')).status, 200);
    for (const url of ['/../server.js', '/..%2fserver.js', '/page.js/', '/.hidden', '//page.js']) {
      assertProblem(await get(url), 'not_found');
    }
    assertProblem(await inject({ method: 'POST', url: '/page.js' }), 'method_not_allowed');
  });

  it('describes every route and answer in /openapi.json', async () => {
    const { get } = await fakeApi();
    const document = z
      .object({
        openapi: z.string(),
        paths: z.record(
          z.string(),
          z.record(z.string(), z.object({ responses: z.record(z.string(), z.unknown()) })),
        ),
      })
      .parse(JSON.parse((await get('/openapi.json')).body));
    assert.match(document.openapi, /^3\.1/);
    assert.deepEqual(Object.keys(document.paths).sort(), [
      '/healthz',
      '/readyz',
      '/v1/customers',
      '/v1/customers/{customer}/drops',
      '/v1/customers/{customer}/events',
      '/v1/customers/{customer}/latency',
      '/v1/customers/{customer}/metrics',
      '/v1/customers/{customer}/metrics/{metric}',
      '/v1/fleet/ledger',
      '/v1/whoami',
    ]);
    for (const [route, methods] of Object.entries(document.paths)) {
      const responses = methods['get']?.responses ?? {};
      assert.ok('200' in responses, route);
      if (route.startsWith('/v1'))
        assert.ok('4XX' in responses && '5XX' in responses, `${route}: ${Object.keys(responses).join()}`);
    }
  });

  it('keeps what fails inside to itself, and tokens out of its log', async () => {
    const { get, tokens, logged } = await fakeApi({
      run: () => Promise.reject(new Error('Code: 62. SELECT secret FROM bellwether.samples')),
    });
    const answer = await get(`/v1/customers/acme/drops?from=now-5m&x=${tokens.globex}`, tokens.acme);
    assertProblem(answer, 'bad_request');
    const failed = await get('/v1/customers/acme/drops', tokens.acme);
    assertProblem(failed, 'internal');
    assert.ok(!failed.body.includes('bellwether.samples'));
    assert.match(logged(), /SELECT secret/);
    const { instance } = problemSchema.parse(JSON.parse(failed.body));
    assert.ok(logged().includes(instance.slice('urn:uuid:'.length)));
    for (const token of Object.values(tokens)) assert.ok(!logged().includes(token));
    assert.ok(!logged().includes('acme'));
  });

  it('refuses what is beyond the bound of one customer, and lets the others in', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { get, tokens, ran } = await fakeApi({ run: () => held, limitPerHolder: 2 });
    const waiting = [1, 2].map(() => get('/v1/customers/acme/drops', tokens.acme));
    // Each answer begins with two queries about coverage.
    while (ran.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    const refused = await get('/v1/customers/acme/drops', tokens.acme);
    assertProblem(refused, 'too_many_requests', /at most 2/);
    assert.equal(refused.headers['retry-after'], '1');
    const other = get('/v1/customers/globex/drops', tokens.globex);
    release();
    assert.deepEqual(
      (await Promise.all([...waiting, other])).map((answer) => answer.status),
      [200, 200, 200],
    );
    assert.equal((await get('/v1/customers/acme/drops', tokens.acme)).status, 200);
  });

  it('ends the queries of a client that goes away', async (t) => {
    let aborted: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (aborted = resolve));
    // It goes away as soon as the first query runs.
    const client = new AbortController();
    const { app, tokens } = await fakeApi({
      run: (_query, signal) =>
        new Promise((_resolve, reject) => {
          client.abort();
          signal.addEventListener('abort', () => {
            aborted();
            reject(new Error('aborted'));
          });
        }),
    });
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    t.after(() => app.close());
    const headers = { authorization: `Bearer ${tokens.acme}` };
    const asked = fetch(`${address}/v1/customers/acme/drops`, { headers, signal: client.signal });
    await assert.rejects(asked);
    await ended;
  });
});
