import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastify from 'fastify';
import type { FastifyReply } from 'fastify';
import type { FakeDrop, Scenario } from './fake-scenario.js';

/** What the page is held to: nothing from elsewhere, no inline script, no inline style. */
export const POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export const FAKE_TOKENS = { operator: 'bw_fake_operator', acme: 'bw_fake_acme' } as const;

export interface FakeApi {
  readonly url: string;
  /** Paths asked for, with their query, in order. */
  readonly requests: string[];
  scenario: Scenario;
  stop(): Promise<void>;
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const TYPES: Readonly<Record<string, string>> = {
  '/': 'text/html; charset=utf-8',
  '/console.js': 'text/javascript; charset=utf-8',
  '/console.css': 'text/css; charset=utf-8',
  '/favicon.svg': 'image/svg+xml',
};

/** Serves the built page and answers of the API's shapes, with values that the scenario says. */
export async function startFakeApi(publicFolder: string, scenario: Scenario): Promise<FakeApi> {
  const app = fastify({ forceCloseConnections: true });
  const fake = { requests: [] as string[], scenario };
  app.addHook('onRequest', async (request, reply) => {
    fake.requests.push(request.url);
    void reply.header('content-security-policy', POLICY);
    if (!request.url.startsWith('/v1/')) return;
    const role = roleOf(request.headers.authorization);
    if (role === undefined) await problem(reply, 401, 'unauthorized', 'A valid bearer token is needed', '');
  });
  for (const [path, type] of Object.entries(TYPES)) {
    app.get(path, async (_, reply) => {
      const file = path === '/' ? 'index.html' : path.slice(1);
      return reply.type(type).send(await readFile(join(publicFolder, file)));
    });
  }
  app.get('/v1/whoami', (request) => {
    const role = roleOf(request.headers.authorization);
    return role === 'operator' ? { role, customer: null } : { role, customer: 'acme' };
  });
  app.get('/v1/customers', () => ({ customers: fake.scenario.customers }));
  app.get<{ Params: { customer: string; view: string }; Querystring: Record<string, string> }>(
    '/v1/customers/:customer/:view',
    async ({ params, query }, reply) => {
      const { failure } = fake.scenario;
      if (failure !== undefined) {
        return problem(reply, failure.status, failure.code, failure.title, failure.detail);
      }
      const span = spanOf(query);
      const head = headOf(params.customer, span, fake.scenario);
      if (params.view === 'drops') return { ...head, ...dropsOf(params.customer, span, fake.scenario) };
      if (params.view === 'events') return { ...head, ...eventsOf(params.customer, fake.scenario) };
      return { ...head, ...latencyOf(span, query['signal'] ?? '', fake.scenario) };
    },
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return Object.assign(fake, { url, stop: () => app.close() });
}

function roleOf(authorization: string | undefined): 'operator' | 'customer' | undefined {
  if (authorization === `Bearer ${FAKE_TOKENS.operator}`) return 'operator';
  return authorization === `Bearer ${FAKE_TOKENS.acme}` ? 'customer' : undefined;
}

function problem(
  reply: FastifyReply,
  status: number,
  code: string,
  title: string,
  detail: string,
): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send({
      type: `https://example.invalid/${code}`,
      title,
      status,
      detail,
      code,
      instance: 'fake',
    });
}

function seconds(text: string): number {
  const match = /^(?:now-)?(\d+)([smh])$/.exec(text);
  return Number(match?.[1] ?? 0) * (UNITS[match?.[2] ?? 's'] ?? 1);
}

function spanOf(query: Readonly<Record<string, string>>): Span {
  const to = Math.floor(Date.now() / 1_000);
  return { from: to - seconds(query['from'] ?? 'now-15m'), to, step: seconds(query['step'] ?? '10s') };
}

const iso = (unixSeconds: number): string => new Date(unixSeconds * 1_000).toISOString();

function headOf(customer: string, span: Span, { gap, lagSeconds, pointsLost }: Scenario): object {
  const expected = Math.floor((span.to - span.from) / 5);
  const missing = gap === undefined ? 0 : Math.floor((gap[0] - gap[1]) / 5);
  return {
    customer,
    from: iso(span.from),
    to: iso(span.to),
    step_seconds: span.step,
    resolution: span.step < 60 ? 'raw' : 'minute',
    resolutions: [{ from: iso(span.from), to: iso(span.to), resolution: span.step < 60 ? 'raw' : 'minute' }],
    freshness: iso(span.to - lagSeconds),
    completeness: {
      windows_expected: expected,
      windows_received: expected - missing,
      ratio: (expected - missing) / expected,
      points_lost: pointsLost,
    },
  };
}

/** Starts of the steps, aligned, and whether anything was measured in them. */
function stepsOf(
  { from, to, step }: Span,
  { gap, lagSeconds }: Scenario,
): { start: number; measured: boolean }[] {
  const steps = [];
  for (let start = Math.floor(from / step) * step; start < to; start += step) {
    const ago = to - start;
    const inGap = gap !== undefined && ago <= gap[0] && ago > gap[1];
    steps.push({ start, measured: !inGap && ago > lagSeconds });
  }
  return steps;
}

function amounts(measured: boolean, packets: number) {
  return measured ? { packets, bytes: packets * 98 } : { packets: null, bytes: null };
}

function dropsOf(customer: string, span: Span, scenario: Scenario): object {
  const groups = (scenario.drops[customer] ?? []).map(({ packets, ...words }) => {
    const points = stepsOf(span, scenario).map(({ start, measured }) => {
      return { time: iso(start), ...amounts(measured, packets(span.to - start, span.step)) };
    });
    const sum = points.reduce((total, point) => total + (point.packets ?? 0), 0);
    return { ...words, packets: sum, bytes: sum * 98, points };
  });
  const packets = groups.reduce((total, group) => total + group.packets, 0);
  const points = stepsOf(span, scenario).map(({ start, measured }, index) => ({
    time: iso(start),
    ...amounts(
      measured,
      groups.reduce((total, group) => total + (group.points[index]?.packets ?? 0), 0),
    ),
  }));
  const measured = points.some((point) => point.packets !== null);
  return { by: 'reason', totals: amounts(measured, packets), points, groups };
}

function latencyOf(span: Span, signal: string, scenario: Scenario): object {
  const base = signal === 'tcp.rtt' ? 0.00118 : 0.00164;
  const points = stepsOf(span, scenario).map(({ start, measured }) => {
    if (!measured || !scenario.latency) return { time: iso(start), count: measured ? 0 : null, ...QUIET };
    const wave = 1 + 0.08 * Math.sin(start / 97) + 0.05 * noise(start);
    const slow = span.to - start < 330 && span.to - start > 210 ? 2.1 : 1;
    const p50 = base * wave;
    return {
      time: iso(start),
      count: Math.round(span.step * (signal === 'tcp.rtt' ? 41 : 2.4) * (1 + 0.2 * noise(start + 1))),
      p50,
      p90: p50 * (1.5 + 0.15 * noise(start + 2)) * Math.sqrt(slow),
      p99: p50 * (2.3 + 0.7 * noise(start + 3)) * slow,
      mean: p50 * 1.1,
    };
  });
  return { signal, unit: 's', points };
}

const QUIET = { p50: null, p90: null, p99: null, mean: null };

function eventsOf(customer: string, { drops }: Scenario): object {
  const now = Date.now();
  const shown = (drops[customer] ?? []).filter(({ fault }) => fault !== 'normal');
  const events = shown.flatMap((drop: FakeDrop, kind) =>
    Array.from({ length: 5 }, (_, index) => ({
      time: new Date(now - 130_000 * (kind + 1) - index * 7_310).toISOString(),
      reason: drop.reason,
      cause: drop.cause,
      fault: drop.fault,
      explanation: drop.explanation,
      remedy: drop.remedy,
      place: 'input',
      protocol: 'udp',
      source_address: '10.77.2.2',
      source_port: 41_000 + index,
      destination_address: '10.77.1.2',
      destination_port: drop.cause === 'policy' ? 9100 : 7007,
      length_bytes: 98,
      app: 'web',
      instance: 'web-1',
      interface: 'eth0',
    })),
  );
  return { events: events.sort((a, b) => b.time.localeCompare(a.time)) };
}

/** Between -1 and 1, the same for the same seed. */
function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43_758.5453;
  return 2 * (value - Math.floor(value)) - 1;
}
