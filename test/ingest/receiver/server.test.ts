import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { makeToken } from '../../../common/auth/token.js';
import { BellwetherError } from '../../../common/runtime/errors.js';
import { encodeForeign, isAgentMessage, type ForeignRequest } from '../../../common/wire/foreign/index.js';
import { decode, maybe, message, one, int64, string, uint32 } from '../../../common/wire/protobuf.js';
import { JSON_TYPE, PROTOBUF } from '../../../ingest/receiver/answers.js';
import { END_MS, gauge, metric, number, request, sum, text } from '../../common/wire/foreign/requests.js';
import { ACME, fakeReceiver, MAX_BODY_BYTES, OPERATOR, type FakeReceiver } from './fake-receiver.js';

const partial = message({ rejectedDataPoints: one(1, int64), errorMessage: one(2, string) });
const exportResponse = message({ partialSuccess: maybe(1, partial) });
const rpcStatus = message({ code: one(1, uint32), message: one(2, string) });

interface Sending {
  readonly body: Buffer | string;
  readonly type?: string;
  readonly encoding?: string;
  readonly token?: string;
}

const post = ({ server }: FakeReceiver, { body, type = PROTOBUF, encoding, token = ACME }: Sending) =>
  server.inject({
    method: 'POST',
    url: '/v1/metrics',
    payload: body,
    headers: {
      'content-type': type,
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    },
  });
const bytes = (content: ForeignRequest) => Buffer.from(encodeForeign(content));
const counted = async ({ metrics }: FakeReceiver, line: RegExp) => {
  assert.match(await metrics.registry.metrics(), line);
};
const sound = () => request([sum([number()])]);

describe('OTLP over HTTP', () => {
  it('passes a request on, as its customer, and answers in its encoding', async () => {
    const receiver = fakeReceiver();
    const answer = await post(receiver, { body: bytes(sound()) });
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['content-type'], PROTOBUF);
    assert.equal(answer.rawPayload.byteLength, 0, 'all is well: an empty message');
    const [passed] = receiver.requests();
    assert.deepEqual(
      passed,
      request([sum([number()])], [text('service.name', 'shop'), text('bellwether.customer', 'acme')]),
    );
    await counted(receiver, /^bellwether_receiver_points_total 1$/m);
  });

  it('stamps the customer on every resource, and lets nobody pass for an agent', async () => {
    const receiver = fakeReceiver();
    const [forged] = request(
      [gauge([number()])],
      [
        text('bellwether.run', '3f2f4c0a-8a53-4d2c-9c39-0f6f6e1b2a11'),
        text('bellwether.customer', 'globex'),
        text('bellwether.seq', '1'),
        text('service.name', 'x'),
      ],
    ).resourceMetrics;
    const [second] = sound().resourceMetrics;
    const content = { resourceMetrics: [forged!, { ...second!, resource: undefined }] };
    assert.equal(isAgentMessage(bytes(content)), true, 'it would be one');
    assert.equal((await post(receiver, { body: bytes(content) })).statusCode, 200);
    const [passed] = receiver.requests();
    assert.deepEqual(
      passed!.resourceMetrics.map(({ resource }) => resource!.attributes),
      [
        [text('service.name', 'x'), text('bellwether.customer', 'acme')],
        [text('bellwether.customer', 'acme')],
      ],
    );
    assert.equal(isAgentMessage(receiver.produced[0]!.value!), false);
  });

  it('makes the same message of the same request, so that a second sending is stored once', async () => {
    const receiver = fakeReceiver();
    await post(receiver, { body: bytes(sound()) });
    await post(receiver, { body: gzipSync(bytes(sound())), encoding: 'gzip' });
    assert.deepEqual(receiver.produced[0]!.value, receiver.produced[1]!.value);
  });

  it('rejects the points that nobody could take and passes on the others', async () => {
    const receiver = fakeReceiver();
    const reserved = { ...sum([number(), number()]), name: 'packet.drops' };
    const endless = gauge([number({ asDouble: Number.NaN }), number()]);
    const content = request([reserved, endless, metric({ summary: { dataPoints: [{}] } })]);
    const answer = await post(receiver, { body: bytes(content) });
    assert.equal(answer.statusCode, 200);
    const { partialSuccess } = decode(exportResponse, answer.rawPayload);
    assert.equal(partialSuccess?.rejectedDataPoints, 4);
    assert.match(partialSuccess.errorMessage, /reserved_name \(2 points\): .*packet\.drops/);
    assert.match(partialSuccess.errorMessage, /value_invalid \(1 points\).*kind_unsupported/);
    const metrics = receiver.requests()[0]!.resourceMetrics[0]!.scopeMetrics[0]!.metrics;
    assert.equal(metrics.length, 1);
    assert.equal(metrics[0]!.gauge?.dataPoints.length, 1);
    await counted(receiver, /^bellwether_receiver_rejected_points_total\{reason="reserved_name"\} 2$/m);
  });

  it('takes JSON too, and answers in it', async () => {
    const receiver = fakeReceiver();
    const point = { timeUnixNano: String(END_MS * 1_000_000), asDouble: 1.5 };
    const metrics = [
      { name: 'a', gauge: { dataPoints: [point] } },
      { name: 'tcp.rtt', gauge: { dataPoints: [point] } },
    ];
    const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
    const answer = await post(receiver, { body, type: 'application/json; charset=utf-8' });
    assert.equal(answer.statusCode, 200);
    assert.deepEqual(answer.json(), {
      partialSuccess: {
        rejectedDataPoints: '1',
        errorMessage: `reserved_name (1 points): resourceMetrics[0].scopeMetrics[0].metrics[1]: tcp.rtt is a name of Bellwether's own measurements`,
      },
    });
    const [passed] = receiver.requests();
    assert.equal(
      passed!.resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!.gauge?.dataPoints[0]?.asDouble,
      1.5,
    );
    const wrong = await post(receiver, { body: '{', type: 'application/json' });
    assert.equal(wrong.json<{ code: number }>().code, 3);
  });

  it('sends nothing on when nothing is left, and takes an empty request', async () => {
    const receiver = fakeReceiver();
    const answer = await post(receiver, { body: bytes(request([{ ...sum([number()]), name: 'tcp.rtt' }])) });
    assert.equal(decode(exportResponse, answer.rawPayload).partialSuccess?.rejectedDataPoints, 1);
    assert.equal((await post(receiver, { body: '' })).statusCode, 200);
    assert.deepEqual(receiver.produced, []);
  });

  it('warns of times that the writer will refuse, and rejects none of them', async () => {
    const receiver = fakeReceiver();
    const answer = await post(receiver, {
      body: bytes(request([gauge([number({ startTimeUnixNano: 0n, timeUnixNano: 1n })])])),
    });
    const { partialSuccess } = decode(exportResponse, answer.rawPayload);
    assert.equal(partialSuccess?.rejectedDataPoints, 0);
    assert.match(partialSuccess.errorMessage, /1 points are too old/);
    assert.equal(receiver.produced.length, 1);
  });

  it('answers only after the acknowledgement of Kafka', async () => {
    const receiver = fakeReceiver();
    let acknowledge = (): void => undefined;
    receiver.kafka = () => new Promise((resolve) => (acknowledge = resolve));
    let answered = false;
    const answer = post(receiver, { body: bytes(sound()) }).then((got) => {
      answered = true;
      return got;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(answered, false);
    acknowledge();
    assert.equal((await answer).statusCode, 200);
  });
});

describe('OTLP over HTTP refuses', () => {
  const cases: [string, Sending, number, number, RegExp][] = [
    ['no token', { body: '', token: '' }, 401, 16, /holds no token/],
    ['an unknown token', { body: '', token: makeToken() }, 401, 16, /not known/],
    ["an operator's token", { body: '', token: OPERATOR }, 403, 7, /operator's token/],
    ['what is no protobuf', { body: Buffer.from([255, 255]) }, 400, 3, /cannot be read/],
    ['protobuf of something else', { body: Buffer.from([0x78, 1]) }, 400, 3, /resourceMetrics is empty/],
    ['what is no gzip', { body: 'x', encoding: 'gzip' }, 400, 3, /no gzip/],
    ['another encoding', { body: 'x', encoding: 'br' }, 415, 3, /right would be gzip/],
    ['too large a body', { body: Buffer.alloc(MAX_BODY_BYTES + 1) }, 413, 8, /more than 65536 bytes/],
    [
      'a body that unpacks to too much',
      { body: gzipSync(Buffer.alloc(50 * 1024 * 1024)), encoding: 'gzip' },
      413,
      8,
      /more than 65536 bytes/,
    ],
  ];
  for (const [what, sending, status, code, text] of cases) {
    it(what, async () => {
      const receiver = fakeReceiver();
      const answer = await post(receiver, sending);
      assert.equal(answer.statusCode, status, answer.body);
      assert.equal(answer.headers['content-type'], PROTOBUF);
      const said = decode(rpcStatus, answer.rawPayload);
      assert.equal(said.code, code);
      assert.match(said.message, text);
      assert.deepEqual(receiver.produced, []);
      await counted(
        receiver,
        new RegExp(`^bellwether_receiver_answers_total\\{status="${status}"\\} 1$`, 'm'),
      );
    });
  }

  it('another type of body, other methods and other paths, in JSON', async () => {
    const receiver = fakeReceiver();
    const answer = await post(receiver, { body: 'x', type: 'text/plain' });
    assert.equal(answer.statusCode, 415);
    assert.deepEqual(answer.json(), {
      code: 3,
      message: `the Content-Type is not taken; right would be ${PROTOBUF} or ${JSON_TYPE}`,
    });
    const got = await receiver.server.inject({ method: 'GET', url: '/v1/metrics' });
    assert.deepEqual([got.statusCode, got.headers.allow], [405, 'POST']);
    const traces = await receiver.server.inject({ method: 'POST', url: '/v1/traces' });
    assert.equal(traces.statusCode, 404);
  });

  it('while Kafka is away, at once after the first time, and says when to come back', async () => {
    const receiver = fakeReceiver();
    let tries = 0;
    receiver.kafka = () => {
      tries += 1;
      return Promise.reject(new BellwetherError('kafka_unavailable', 'nobody there'));
    };
    for (let sending = 0; sending < 2; sending += 1) {
      const answer = await post(receiver, { body: bytes(sound()) });
      assert.equal(answer.statusCode, 503);
      assert.equal(answer.headers['retry-after'], '1');
      assert.equal(decode(rpcStatus, answer.rawPayload).code, 14);
    }
    assert.equal(tries, 1);
    await counted(receiver, /^bellwether_receiver_kafka_failures_total 1$/m);
  });

  it('more than its bounds: under way with one token, and a second', async () => {
    const receiver = fakeReceiver({ concurrencyPerToken: 1, ratePerToken: 2 });
    let acknowledge = (): void => undefined;
    receiver.kafka = () => new Promise((resolve) => (acknowledge = resolve));
    const first = post(receiver, { body: bytes(sound()) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = await post(receiver, { body: bytes(sound()) });
    assert.deepEqual([second.statusCode, second.headers['retry-after']], [429, '1']);
    acknowledge();
    assert.equal((await first).statusCode, 200);
    receiver.kafka = () => Promise.resolve();
    const more: number[] = [];
    for (let sending = 0; sending < 6; sending += 1) {
      more.push((await post(receiver, { body: bytes(sound()) })).statusCode);
    }
    assert.deepEqual([more.includes(200), more.includes(429)], [true, true]);
    await counted(receiver, /^bellwether_receiver_refused_total\{limit="token"\} 1$/m);
    await counted(receiver, /^bellwether_receiver_refused_total\{limit="rate"\} [1-9]$/m);
  });
});

describe('what the receiver says of itself', () => {
  it('runs, is ready or says why not, and has metrics', async () => {
    const receiver = fakeReceiver({}, { notReady: () => 'the store does not answer' });
    const get = (url: string) => receiver.server.inject({ method: 'GET', url });
    assert.equal((await get('/healthz')).statusCode, 200);
    const ready = await get('/readyz');
    assert.equal(ready.statusCode, 503);
    assert.match(ready.body, /the store does not answer/);
    assert.match((await get('/metrics')).body, /bellwether_receiver_answer_seconds_bucket/);
  });
});
