import { randomBytes } from 'node:crypto';
import { DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { insertBatches, insertEvents, insertForeign, insertSamples, OTHER_RUN } from '../rows.js';

/** Starts every canary text, so that those of a run that was killed are found too. */
const PREFIX = 'bwcanary';
/** No real count comes near it; any sum that holds it shows. */
const CANARY_COUNT = 900_000_000_000;

/** A metric that both might have sent. */
export const CANARY_METRIC = 'http.server.requests';

/** Whose canaries they are, and whose token must never see them. */
export const OWNER = 'globex';
export const INTRUDER = 'acme';

export interface Canaries {
  /** In every label of the canaries: app, instance, host, region, address, interface, attributes, causes. */
  readonly marker: string;
  /** A range that holds them. */
  readonly range: string;
}

/** Puts rows of the owner into every table that answers are made from, all of them marked. */
export async function plantCanaries(admin: ClickHouseClient, nowMs: number): Promise<Canaries> {
  const marker = `${PREFIX}-${randomBytes(6).toString('hex')}`;
  const startMs = Math.floor(nowMs / 5_000) * 5_000 - 60_000;
  const labels = { app: marker, instance: marker, host: marker, region: marker };
  const ofOwner = { customer: OWNER, startMs, ...labels };
  const attributes = {
    ...{ 'drop.reason': marker, 'drop.cause': 'unknown', 'drop.fault': 'unknown' },
    ...{ 'drop.place': marker, 'drop.way': marker },
  };
  await insertSamples(admin, [
    { ...ofOwner, metric: 'tcp.rtt', buckets: { [-40]: CANARY_COUNT }, sum: CANARY_COUNT },
    { ...ofOwner, metric: 'tcp.connect.duration', buckets: { [-40]: CANARY_COUNT }, sum: CANARY_COUNT },
    { ...ofOwner, metric: 'packet.drops', value: CANARY_COUNT, attributes },
    { ...ofOwner, metric: 'packet.drop.bytes', value: CANARY_COUNT, attributes },
  ]);
  await insertForeign(admin, [
    { ...ofOwner, metric: CANARY_METRIC, kind: 'sum', value: CANARY_COUNT, attributes: { [marker]: marker } },
    {
      ...ofOwner,
      metric: CANARY_METRIC,
      kind: 'gauge',
      value: CANARY_COUNT,
      attributes: { [marker]: marker },
    },
    { ...ofOwner, metric: `${marker}.named`, kind: 'gauge', value: CANARY_COUNT, attributes: {} },
  ]);
  const event = { customer: OWNER, timeMs: startMs, app: marker, instance: marker, interface: marker };
  await insertEvents(admin, [
    { ...event, reason: marker, cause: 'unknown', fault: 'unknown', sourceAddress: marker },
  ]);
  // The host watches for both, so that the intruder's own answers are made from this row as well.
  const batch = { host: marker, startMs, run: OTHER_RUN, goodbye: true };
  await insertBatches(admin, [{ ...batch, customers: [INTRUDER, OWNER, marker], lost: { [marker]: 1 } }]);
  const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
  return { marker, range: `from=${iso(startMs - 60_000)}&to=${iso(startMs + 60_000)}` };
}

/** Takes out the canaries of this run and of any before it. */
export async function removeCanaries(admin: ClickHouseClient): Promise<void> {
  const conditions = {
    samples: `startsWith(host, '${PREFIX}')`,
    events: `startsWith(app, '${PREFIX}')`,
    batches: `startsWith(host, '${PREFIX}')`,
  };
  for (const [table, condition] of Object.entries(conditions)) {
    await admin.command({ query: `DELETE FROM ${DATABASE}.${table} WHERE ${condition}` });
  }
}

/** Whether an answer shows a canary: its text anywhere, or a number that only its counts can make. */
export function showsCanary(
  canaries: Canaries,
  answer: { readonly head: string; readonly body: string },
): boolean {
  const text = `${answer.head}\n${answer.body}`;
  if (text.toLowerCase().includes(canaries.marker)) return true;
  // The id of a request can be all digits too, so can what stands behind a decimal point, and the schemas
  // of /openapi.json name the largest safe integer.
  const withoutIds = text
    .replace(/urn:uuid:[0-9a-f-]{36}/g, '')
    .replaceAll(String(Number.MAX_SAFE_INTEGER), '');
  return [...withoutIds.matchAll(/(?<![\d.])\d{12,}/g)].some(([digits]) => Number(digits) >= CANARY_COUNT);
}
