import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ClickHouseError } from '@clickhouse/client';
import { connectClickHouse, DATABASE } from '../../../common/clickhouse/connection.js';
import { classifyStoreError, storeErrorCodes } from '../../../common/clickhouse/errors.js';
import { freePort } from '../../support/ports.js';
import { startStore } from '../../support/store.js';
import {
  Engine,
  NOT_PROVOKED,
  PROVOCATIONS,
  STORE_VARIABLES,
  TABLES,
  type Provocation,
} from './provocations.js';

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => assert.fail('no error'),
    (error: unknown) => error,
  );
}

describe('codes of the real engine', () => {
  let engine: Engine;

  before(async () => {
    engine = new Engine(await startStore(STORE_VARIABLES));
    await engine.run(`CREATE DATABASE ${DATABASE}`);
    for (const table of TABLES) await engine.run(`CREATE TABLE ${DATABASE}.${table}`);
  });
  after(async () => {
    await engine.close();
    await engine.store.stop();
  });

  it('all of the table are provoked, or it is said why not', (test) => {
    const codes = [...storeErrorCodes().keys()];
    const told = [...Object.keys(PROVOCATIONS), ...Object.keys(NOT_PROVOKED)].map(Number);
    assert.deepEqual(told.sort(compare), codes.sort(compare));
    test.diagnostic(
      `${Object.keys(PROVOCATIONS).length} of ${codes.length} codes provoked on the real engine; not:`,
    );
    for (const [code, why] of Object.entries(NOT_PROVOKED)) {
      test.diagnostic(`${code} ${storeErrorCodes().get(Number(code))?.name ?? ''}: ${why}`);
    }
  });

  it('too many partitions in one insert has the code of too many parts, and is told apart', async () => {
    const settings = { max_partitions_per_insert_block: 1 };
    const error = await failureOf(
      engine.insert('partitioned (a) FORMAT RowBinary', Buffer.from([1, 2]), settings),
    );
    const expected = { action: 'isolate', code: 252, name: 'TOO_MANY_PARTITIONS', known: true };
    assert.deepEqual(classifyStoreError(error), expected);
  });

  it('a code that the table does not have is tried again, and said to be unknown', async () => {
    const error = await failureOf(engine.run("SELECT throwIf(1, 'thrown')"));
    assert.deepEqual(classifyStoreError(error), {
      action: 'retry',
      code: 395,
      name: 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO',
      known: false,
    });
  });

  it('where nobody listens there is no code', async () => {
    const url = `http://nobody:nothing@127.0.0.1:${await freePort()}`;
    const client = connectClickHouse({ url, application: 'test' });
    const error = await failureOf(client.command({ query: 'SELECT 1' }));
    await client.close();
    assert.deepEqual(classifyStoreError(error), {
      action: 'retry',
      code: 0,
      name: 'UNREACHABLE',
      known: true,
    });
  });

  // The one that ends the store comes last.
  const ends = (code: number) => (code === 236 ? 1 : 0);
  const ordered = Object.entries(PROVOCATIONS)
    .map(([code, provoke]): [number, Provocation] => [Number(code), provoke])
    .sort(([a], [b]) => ends(a) - ends(b));
  for (const [code, provoke] of ordered) {
    const { name, action } = storeErrorCodes().get(code) ?? { name: 'not in the table', action: 'none' };
    it(`${code} ${name}: ${action}`, async () => {
      const error = await failureOf(provoke(engine));
      assert.ok(error instanceof ClickHouseError, String(error));
      assert.deepEqual(classifyStoreError(error), { action, code, name, known: true }, error.message);
      // The client reads a wrong type out of a syntax error's text; else it is the engine's name of the code.
      if (code !== 62) assert.equal(error.type, name);
    });
  }
});

function compare(a: number, b: number): number {
  return a - b;
}
