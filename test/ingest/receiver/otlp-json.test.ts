import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeForeign, encodeForeign, takePoints } from '../../../common/wire/foreign/index.js';
import { protobufOfJson } from '../../../ingest/receiver/otlp-json.js';
import { hasCode } from '../../query-api/errors.js';
import { startCapture, type Capture } from '../../support/otlp/capture.js';
import { startSdk } from '../../support/otlp/sdk.js';

const json = (content: unknown) => Buffer.from(JSON.stringify(content));
const read = (content: unknown) => decodeForeign(protobufOfJson(json(content)));
const pointOf = (point: object, kind = 'gauge') => ({
  resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', [kind]: { dataPoints: [point] } }] }] }],
});
const metricOf = (content: unknown) => read(content).resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!;
const numberOf = (point: object) => metricOf(pointOf(point)).gauge!.dataPoints[0]!;

describe("OTLP's JSON", () => {
  let capture: Capture;
  before(async () => (capture = await startCapture()));
  after(() => capture.stop());

  it('of the real SDK says the same as its protobuf', async () => {
    const bodies = new Map<string, Buffer>();
    for (const temporality of ['delta', 'cumulative'] as const) {
      const sdk = startSdk({ url: capture.url, encoding: 'json', temporality, app: 'x' });
      sdk.record(0);
      await sdk.flush();
      const inJson = capture.bodies.at(-1)!;
      await sdk.sendAgain('protobuf');
      const inProtobuf = capture.bodies.at(-1)!;
      assert.equal(inJson[0], '{'.charCodeAt(0));
      assert.notEqual(inProtobuf[0], '{'.charCodeAt(0));
      const [one, other] = [decodeForeign(protobufOfJson(inJson)), decodeForeign(inProtobuf)];
      assert.deepEqual(one, other);
      assert.deepEqual(encodeForeign(one), encodeForeign(other));
      assert.ok(takePoints(one).points.length > 8);
      bodies.set(temporality, inJson);
      await sdk.stop();
    }
    assert.equal(bodies.size, 2);
  });

  it('has integers of 64 bits as strings or numbers, doubles in words, nulls that are nothing', () => {
    assert.equal(numberOf({ asInt: '-9223372036854775808' }).asInt, -(2n ** 63n));
    assert.equal(numberOf({ asInt: 7 }).asInt, 7n);
    assert.equal(numberOf({ timeUnixNano: 1.795559649474e18 }).timeUnixNano, BigInt(1.795559649474e18));
    assert.ok(Number.isNaN(numberOf({ asDouble: 'NaN' }).asDouble));
    assert.equal(numberOf({ asDouble: '1.5e3' }).asDouble, 1500);
    assert.equal(numberOf({ timeUnixNano: '18446744073709551615' }).timeUnixNano, 2n ** 64n - 1n);
    assert.deepEqual(
      numberOf({ asDouble: null, attributes: null, exemplars: [{ traceId: 'ff' }] }),
      numberOf({}),
    );
  });

  it('has enumerations as numbers or names', () => {
    const temporality = (value: unknown) =>
      metricOf({
        resourceMetrics: [
          { scopeMetrics: [{ metrics: [{ name: 'm', sum: { aggregationTemporality: value } }] }] },
        ],
      }).sum!.aggregationTemporality;
    assert.equal(temporality('AGGREGATION_TEMPORALITY_CUMULATIVE'), 2);
    assert.equal(temporality('AGGREGATION_TEMPORALITY_DELTA'), 1);
    assert.equal(temporality(2), 2);
    assert.equal(temporality(undefined), 0);
  });

  it('has attributes of every type', () => {
    const attributes = [
      { key: 'i', value: { intValue: '9007199254740993' } },
      { key: 'b', value: { bytesValue: 'AQI=' } },
      { key: 'l', value: { arrayValue: { values: [{ boolValue: true }, {}] } } },
      { key: 'm', value: { kvlistValue: { values: [{ key: 'k', value: { doubleValue: 0.5 } }] } } },
    ];
    const [i, b, l, m] = numberOf({ attributes }).attributes.map(({ value }) => value!);
    assert.equal(i!.intValue, 9007199254740993n);
    assert.deepEqual([...b!.bytesValue!], [1, 2]);
    assert.equal(l!.arrayValue?.values[0]?.boolValue, true);
    assert.equal(m!.kvlistValue?.values[0]?.value?.doubleValue, 0.5);
  });

  it('is refused with the place of what is wrong', () => {
    const refused = (content: unknown, text: RegExp) => {
      assert.throws(() => protobufOfJson(json(content)), hasCode('bad_request', text));
    };
    refused({ resourceMetrics: 7 }, /^resourceMetrics: /);
    refused(pointOf({ asInt: '9223372036854775808' }), /metrics\.0\.gauge\.dataPoints\.0\.asInt/);
    refused(pointOf({ timeUnixNano: '-1' }), /timeUnixNano/);
    refused(pointOf({ timeUnixNano: 1.5 }), /timeUnixNano/);
    refused([], /the body/);
    assert.throws(() => protobufOfJson(Buffer.from('{')), hasCode('bad_request', /no JSON/));
  });

  it('cannot exhaust memory or stack', () => {
    const many = Buffer.from(`{"resourceMetrics":[${'{},'.repeat(600_000)}{}]}`);
    assert.throws(() => protobufOfJson(many), hasCode('payload_too_large', /objects/));
    const deep = `${'{"arrayValue":{"values":['.repeat(20_000)}{}${']}}'.repeat(20_000)}`;
    const text = JSON.stringify(pointOf({ attributes: [{ key: 'k', value: 0 }] })).replace(
      ':0}',
      `:${deep}}`,
    );
    assert.throws(() => protobufOfJson(Buffer.from(text)), hasCode('bad_request', /nested/));
  });
});
