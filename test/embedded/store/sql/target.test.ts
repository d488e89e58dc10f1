import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StoreError } from '../../../../embedded/store/errors.js';
import { readInsert } from '../../../../embedded/store/sql/insert.js';
import { readStatement } from '../../../../embedded/store/sql/statement.js';

const tables = ['bellwether.samples'];

const withData = (into: string, database?: string) =>
  readInsert(`${into} FORMAT CSV\n1`, {
    access: 'write',
    tables,
    database,
    defaultFormat: 'CSV',
    complete: true,
  });
const withSelect = (into: string, database?: string) =>
  readStatement(`${into} SELECT 1`, 'write', new Map(), { tables, database });

const denied = (error: unknown) => error instanceof StoreError && error.type === 'ACCESS_DENIED';

describe('the tables of a user', () => {
  test('are open to data and to SELECT, however they are written', () => {
    for (const [into, database] of [
      ['INSERT INTO bellwether.samples'],
      ['insert into table `bellwether` . "samples" (a)'],
      ['INSERT bellwether./* x */samples'],
      ['INSERT INTO samples', 'bellwether'],
    ] as const) {
      assert.equal(withData(into, database).found, 'data', into);
      assert.equal(withSelect(into, database).kind, 'insert', into);
    }
  });

  test('close all others, whatever the name resolves to', () => {
    for (const [into, database] of [
      ['INSERT INTO bellwether.tokens'],
      ['INSERT INTO `bellwether`.`tokens` (a)'],
      ['INSERT INTO TABLE bellwether./* bellwether.samples */tokens'],
      ['INSERT INTO tokens', 'bellwether'],
      // The engine would look in its own default database.
      ['INSERT INTO samples'],
      ['INSERT INTO samples', 'other'],
      ['INSERT INTO `bellwether.samples`'],
      ['INSERT INTO `bellwether.samples`', 'bellwether'],
    ] as const) {
      assert.throws(() => withData(into, database), denied, into);
      assert.throws(() => withSelect(into, database), denied, into);
    }
    assert.throws(() => withSelect('INSERT INTO {t:Identifier}', 'bellwether'), denied);
    assert.throws(() => withSelect('WITH 1 AS x INSERT INTO bellwether.samples'), denied);
  });

  test('a user without a list writes to any', () => {
    assert.equal(readStatement('INSERT INTO any.t SELECT 1', 'write', new Map()).kind, 'insert');
  });
});
