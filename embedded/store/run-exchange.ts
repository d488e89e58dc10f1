import { refusal } from './errors.js';
import { Body } from './http/body.js';
import type { Exchange } from './http/front.js';
import { runInsert, type InsertRunner } from './run-insert.js';
import { runQuery, type QueryRunner } from './run-query.js';
import { readInsert, startsWithInsert, type InsertContext } from './sql/insert.js';

/** Bytes of a statement without its data. */
const STATEMENT_BYTES = 1_048_576;

/**
 * Takes one request apart: where the statement ends, and whether data follows it. Only as much of the body is
 * read as that takes.
 */
export async function runExchange(runner: QueryRunner & InsertRunner, exchange: Exchange): Promise<void> {
  const { order, request } = exchange;
  const limit = runner.config.BELLWETHER_STORE_INSERT_BYTES;
  const body = request.method === 'POST' ? new Body(request, limit) : undefined;
  const context: Omit<InsertContext, 'complete'> = {
    access: order.user.access,
    tables: order.user.tables,
    database: order.database,
    defaultFormat: order.defaultFormat ?? 'Values',
  };
  let held: Buffer = order.queryText === undefined ? Buffer.alloc(0) : Buffer.from(order.queryText, 'latin1');
  // A statement in the URL is complete: no byte of the body is taken for a part of it.
  let complete = order.queryText !== undefined || body === undefined;
  for (;;) {
    const text = held.toString('latin1');
    const insert = startsWithInsert(text, complete);
    const reading = insert === true ? readInsert(text, { ...context, complete }) : undefined;
    if (reading?.found === 'data') {
      if (order.readOnly) throw refusal('READONLY', 'GET only reads: send an INSERT by POST');
      const { head } = reading;
      await runInsert(runner, exchange, head, held.subarray(head.dataAt), body);
      return;
    }
    if (insert === false || reading?.found === 'select' || complete) break;
    const piece = await body?.next();
    if (piece === undefined) complete = true;
    else held = Buffer.concat([held, piece]);
    if (held.length > STATEMENT_BYTES) {
      throw refusal('TOO_MANY_BYTES', `The statement is longer than ${STATEMENT_BYTES} bytes`);
    }
  }
  const rest = (await body?.rest(STATEMENT_BYTES)) ?? Buffer.alloc(0);
  const separator = order.queryText !== undefined && rest.length > 0 ? '\n' : '';
  await runQuery(runner, exchange, held.toString('latin1') + separator + rest.toString('latin1'));
}
