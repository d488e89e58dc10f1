import type { StoreConfig } from './config.js';
import type { Engine } from './engine/engine.js';
import type { InsertStream, Written } from './engine/insert-stream.js';
import { refusal } from './errors.js';
import { isInputFormat } from './formats.js';
import type { Body } from './http/body.js';
import type { Exchange } from './http/front.js';
import { boundSettings } from './http/request.js';
import type { StoreMetrics } from './metrics.js';
import { judgeValues } from './sql/gate.js';
import type { InsertHead } from './sql/insert.js';
import { literal } from './sql/settings.js';
import { lexOrRefuse, withoutTrailingSemicolons } from './sql/statement.js';

export interface InsertRunner {
  readonly engine: Engine;
  readonly config: StoreConfig;
  readonly metrics: StoreMetrics;
  readonly inLane: (lane: 'inserts', work: () => Promise<void>, gone: AbortSignal) => Promise<void>;
}

/** Pieces are gathered up to this size before they are handed over: each hand-over is a call on the pool. */
const PIECE_BYTES = 1_048_576;
/** INSERT … VALUES up to this size may hold expressions: it is read by the gate first. */
const JUDGED_VALUES_BYTES = 1_048_576;

/**
 * Streams the data of an INSERT into the engine, no faster than the engine takes it.
 * @param first data that stood behind the statement already
 */
export async function runInsert(
  runner: InsertRunner,
  exchange: Exchange,
  head: InsertHead,
  first: Buffer,
  body: Body | undefined,
): Promise<void> {
  const { order, gone } = exchange;
  if (!isInputFormat(head.format)) {
    throw refusal('UNKNOWN_FORMAT', `The store does not take data in the format ${head.format.slice(0, 64)}`);
  }
  if (order.parameters.size > 0) {
    throw refusal('SUPPORT_IS_DISABLED', 'The store does not take query parameters in an INSERT with data');
  }
  const settings = insertSettings(runner.config, exchange, head);
  const work = async () => {
    let data = first;
    let rest = body;
    if (head.format === 'Values') {
      const whole = await smallValues(first, body);
      data = whole.data;
      rest = whole.complete ? undefined : body;
      if (whole.complete) judgeValuesData(data, exchange);
      if (!whole.complete) forbidExpressions(settings);
    }
    const stream = await runner.engine.insert(head.target, settings, head.format);
    const written = await pump(runner, stream, data, rest, gone);
    runner.metrics.insertedRows.inc(written.rows);
    await reply(exchange, written);
  };
  await runner.inLane('inserts', work, gone);
}

/** Settings of the request, then of the statement; the last word is the store's. */
function insertSettings(config: StoreConfig, exchange: Exchange, head: InsertHead): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [name, value] of boundSettings(exchange.order, config, false))
    settings.set(name, literal(value));
  for (const [name, value] of head.settings) settings.set(name, value);
  settings.delete('readonly');
  settings.set('log_comment', literal(`${exchange.queryId.slice(0, 100)}|insert`));
  // The answer comes when the rows are stored.
  settings.set('async_insert', '0');
  settings.delete('wait_for_async_insert');
  return settings;
}

/** With these, a value such as file('/etc/passwd') in the data would be evaluated. */
function forbidExpressions(settings: Map<string, string>): void {
  settings.set('input_format_values_interpret_expressions', '0');
  settings.set('input_format_values_deduce_templates_of_expressions', '0');
}

async function smallValues(
  first: Buffer,
  body: Body | undefined,
): Promise<{ data: Buffer; complete: boolean }> {
  const pieces = [first];
  let length = first.length;
  while (length <= JUDGED_VALUES_BYTES) {
    const piece = await body?.next();
    if (piece === undefined) return { data: Buffer.concat(pieces), complete: true };
    pieces.push(piece);
    length += piece.length;
  }
  return { data: Buffer.concat(pieces), complete: false };
}

function judgeValuesData(data: Buffer, exchange: Exchange): void {
  const { tokens } = lexOrRefuse(data.toString('latin1'));
  judgeValues(withoutTrailingSemicolons(tokens), exchange.order.user.access);
}

async function pump(
  runner: InsertRunner,
  stream: InsertStream,
  first: Buffer,
  body: Body | undefined,
  gone: AbortSignal,
): Promise<Written> {
  try {
    for await (const piece of pieces(first, body)) {
      if (!(await stream.append(piece))) break;
      runner.metrics.insertedBytes.inc(piece.length);
    }
    if (gone.aborted)
      throw refusal('QUERY_WAS_CANCELLED', 'The client went away before its data was complete');
  } catch (error) {
    await stream.cancel();
    throw error;
  }
  return stream.finish();
}

/** The data in pieces of about {@link PIECE_BYTES}. */
async function* pieces(first: Buffer, body: Body | undefined): AsyncGenerator<Buffer> {
  let held = first.length > 0 ? [first] : [];
  let length = first.length;
  for (let piece = await body?.next(); piece !== undefined; piece = await body?.next()) {
    held.push(piece);
    length += piece.length;
    if (length < PIECE_BYTES) continue;
    yield Buffer.concat(held);
    held = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(held);
}

async function reply(exchange: Exchange, written: Written): Promise<void> {
  const counts = { read_rows: written.rows, read_bytes: written.bytes, written_rows: written.rows };
  const summary = {
    ...counts,
    written_bytes: written.bytes,
    total_rows_to_read: 0,
    result_rows: written.rows,
  };
  const asText = Object.entries({ ...summary, result_bytes: written.bytes }).map(([name, value]) => [
    name,
    String(value),
  ]);
  exchange.answer.begin({
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Timezone': 'UTC',
    'X-ClickHouse-Summary': JSON.stringify(Object.fromEntries(asText)),
  });
  await exchange.answer.end();
}
