import { request as httpRequest, type Agent } from 'node:http';
import fc from 'fast-check';
import { CANARY_METRIC, OWNER, INTRUDER, type Canaries } from './canaries.js';

export interface WallRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const INJECTIONS = [
  `${INTRUDER}' OR '1'='1`,
  `' OR customer='${OWNER}' --`,
  `') UNION ALL SELECT * FROM bellwether.samples --`,
  `${INTRUDER}\\' OR 1=1 --`,
  `{customer:String}`,
  `${INTRUDER}\u0000${OWNER}`,
  `${INTRUDER}\n${OWNER}`,
  `${INTRUDER},${OWNER}`,
  `["${INTRUDER}","${OWNER}"]`,
  '%',
  '*',
  '',
  '.',
  '..',
  '0 OR 1=1',
  '1; SELECT 1',
  '`customer`',
  "now', customer='globex",
  '$(id)',
  '{{customer}}',
  'null',
  '__proto__',
  'constructor',
];

/** Ways to write the owner's name, or something that a careless comparison takes for it. */
const NAMES = [
  OWNER,
  'Globex',
  'GLOBEX',
  '%67lobex',
  '%2567lobex',
  `${OWNER}%00`,
  `${OWNER}%20`,
  `${OWNER}%09`,
  `${INTRUDER}%2F..%2F${OWNER}`,
  `${INTRUDER}%2f${OWNER}`,
  `${INTRUDER}/../${OWNER}`,
  `${INTRUDER}%5C..%5C${OWNER}`,
  `./${OWNER}`,
  `%2e%2e/${OWNER}`,
  `${OWNER};${INTRUDER}`,
  `${INTRUDER};customer=${OWNER}`,
  `${INTRUDER}%3Fcustomer=${OWNER}`,
  `${INTRUDER}%23/../${OWNER}`,
  `${OWNER}/`,
  '%EF%BD%87lobex',
  'nobody',
];

const injection = fc.oneof(fc.constantFrom(...INJECTIONS), fc.string({ unit: 'grapheme', maxLength: 24 }));
const encoded = injection.map((text) => encodeURIComponent(text));

/** The intruder's own path often, so that answers are made; all others otherwise. */
const customer = fc.oneof(
  { weight: 8, arbitrary: fc.constant(INTRUDER) },
  { weight: 4, arbitrary: fc.constant(OWNER) },
  { weight: 4, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 2, arbitrary: encoded },
);

const view = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom('latency', 'drops', 'events', 'metrics', `metrics/${CANARY_METRIC}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['Drops', 'ledger', '', '%2e', 'drops%2f..%2fevents'],
      ...['metrics/', 'metrics/packet.drops', `metrics%2f${CANARY_METRIC}`, 'metrics/..%2fdrops'],
    ),
  },
  { weight: 1, arbitrary: encoded.map((metric) => `metrics/${metric}`) },
);

const route = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(customer, view).map(([name, rest]) => `/v1/customers/${name}/${rest}`) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        '/v1/customers',
        '/v1/fleet/ledger',
        '/v1/whoami',
        '/healthz',
        '/readyz',
        '/metrics',
        '/openapi.json',
        '/',
      ],
      ...[`/v1//customers/${OWNER}/drops`, `//v1/customers/${OWNER}/drops`, `/V1/customers/${OWNER}/drops`],
      ...[`/v1/./customers/${OWNER}/drops`, `/v1/customers/${INTRUDER}/drops/../../${OWNER}/drops`],
      ...[
        `/v1%2Fcustomers%2F${OWNER}%2Fdrops`,
        `/v1/fleet/ledger/`,
        `/v1/fleet%2fledger`,
        '/%2e%2e/server.js',
      ],
    ),
  },
);

/** A parameter that is right most of the time, so that the query itself is reached. */
function parameter(name: string, right: readonly string[]) {
  return fc.option(
    fc
      .oneof({ weight: 11, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: encoded })
      .map((value) => `${name}=${value}`),
    { nil: undefined, freq: 2 },
  );
}

const STRANGE_PARAMETERS = [
  ...[
    `customer=${OWNER}`,
    `tenant=${OWNER}`,
    `param_customer=${OWNER}`,
    'scope=fleet',
    'role=operator',
    'final=0',
  ],
  ...['query=SELECT%20*%20FROM%20bellwether.samples', 'user=admin', 'database=bellwether', 'readonly=0'],
  ...[
    "additional_table_filters=%7B'bellwether.samples'%3A'1'%7D",
    `by=reason&by=host`,
    `from=now&from=now-1h`,
  ],
];

const STRANGE_HEADERS: readonly (readonly [string, string])[] = [
  ['X-Forwarded-For', '127.0.0.1'],
  ['X-Forwarded-Host', `${OWNER}.example`],
  ['X-Forwarded-Prefix', `/v1/customers/${OWNER}`],
  ['X-Forwarded-User', OWNER],
  ['X-Original-URL', `/v1/customers/${OWNER}/drops`],
  ['X-Rewrite-URL', `/v1/customers/${OWNER}/drops`],
  ['X-HTTP-Method-Override', 'PUT'],
  ['X-Customer', OWNER],
  ['X-Tenant-Id', OWNER],
  ['X-Scope-OrgID', OWNER],
  ['X-ClickHouse-User', 'admin'],
  ['X-ClickHouse-Database', 'bellwether'],
  ['Forwarded', `for=127.0.0.1;host=${OWNER}`],
  ['Host', `${OWNER}.example`],
  ['Cookie', `customer=${OWNER}; role=operator`],
  ['Range', 'bytes=0-100000'],
  ['If-None-Match', '*'],
  ['Accept', 'text/csv'],
  ['Expect', '100-continue'],
  ['Upgrade', 'websocket'],
  ['Transfer-Encoding', 'chunked'],
  ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
];

/** Requests that try to see the owner's data by the intruder's token. */
export function wallRequests(canaries: Canaries): fc.Arbitrary<WallRequest> {
  const [from = '', to = ''] = canaries.range.split('&').map((part) => part.slice(part.indexOf('=') + 1));
  const query = fc
    .tuple(
      parameter('signal', ['tcp.rtt', 'tcp.connect.duration']),
      parameter('from', [from, 'now-15m', 'now-1h']),
      parameter('to', [to, 'now']),
      parameter('step', ['5s', '10s', '1m', '1h']),
      parameter('by', [
        'reason',
        'cause',
        'fault',
        'place',
        'app',
        'instance',
        'host',
        'region',
        'series',
        'customer',
      ]),
      parameter('resolution', ['auto', 'raw']),
      // The name of a foreign app is right as a filter; it just is not there.
      parameter('app', [canaries.marker, 'web']),
      parameter('limit', ['1', '100', '1000']),
      fc.option(fc.constantFrom(...STRANGE_PARAMETERS), { nil: undefined, freq: 8 }),
    )
    .map((all) => all.filter((one) => one !== undefined));
  // Each view takes some of them only; what it does not take is refused before anything is read.
  const fitting = fc.tuple(route, query, fc.nat(5)).map(([path, parameters, die]) => {
    const taken = takenBy(path);
    const kept =
      die === 0 ? parameters : parameters.filter((one) => taken.has(one.slice(0, one.indexOf('='))));
    return kept.length === 0 ? path : `${path}?${kept.join('&')}`;
  });
  // Without the bias to edges, which would make most requests ones that no route takes.
  const all = fc.record({
    method: fc.oneof(
      { weight: 12, arbitrary: fc.constant('GET') },
      { weight: 2, arbitrary: fc.constantFrom('HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE', 'PATCH', 'TRACE') },
    ),
    path: fitting,
    headers: fc
      .array(fc.constantFrom(...STRANGE_HEADERS), { maxLength: 3 })
      .map((headers) => Object.fromEntries(headers)),
    body: fc.constantFrom('', '', '', `{"customer":"${OWNER}"}`, `customer=${OWNER}`),
  });
  return fc.noBias(all);
}

function takenBy(path: string): ReadonlySet<string> {
  if (path.endsWith('/latency')) return new Set(['signal', 'from', 'to', 'step', 'resolution', 'app']);
  if (path.endsWith('/drops') || path.includes('/metrics/')) {
    return new Set(['from', 'to', 'step', 'resolution', 'by']);
  }
  if (path.endsWith('/metrics')) return new Set(['from', 'to']);
  if (path.endsWith('/events') || path.endsWith('/ledger')) return new Set(['from', 'to', 'limit']);
  return new Set();
}

export interface WallAnswer {
  /** 0: the connection was closed without a whole answer, as a server may do with what is no HTTP. */
  readonly status: number;
  /** Status line and headers, as text. */
  readonly head: string;
  readonly body: string;
}

const TIMEOUT_MS = 15_000;

/** Sends a request as it is: nothing of the path is normalised on the way. */
export function send(api: string, agent: Agent, request: WallRequest, token: string): Promise<WallAnswer> {
  const { hostname, port } = new URL(api);
  const { method, path } = request;
  const withBody = request.body !== '' && method !== 'TRACE';
  const type = request.body.startsWith('{') ? 'application/json' : 'text/plain';
  const headers = {
    ...request.headers,
    authorization: `Bearer ${token}`,
    // With a length for any method: the body is part of the request, not of a next one.
    ...(withBody ? { 'content-type': type, 'content-length': String(Buffer.byteLength(request.body)) } : {}),
  };
  return new Promise((resolve, reject) => {
    let head = '';
    const chunks: Buffer[] = [];
    const answered = (status: number) => {
      resolve({ status, head, body: Buffer.concat(chunks).toString('utf8') });
    };
    const sent = httpRequest(
      { hostname, port, agent, method, path, headers, timeout: TIMEOUT_MS },
      (answer) => {
        head = [String(answer.statusMessage), ...answer.rawHeaders].join('\n');
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', () => answered(0));
        answer.on('end', () => answered(answer.statusCode ?? 0));
      },
    );
    sent.on('timeout', () => {
      reject(new Error(`no answer within ${TIMEOUT_MS} ms: ${method} ${path}`));
      sent.destroy();
    });
    sent.on('error', () => answered(0));
    sent.end(withBody ? request.body : undefined);
  });
}
