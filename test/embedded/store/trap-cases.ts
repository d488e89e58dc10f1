import assert from 'node:assert/strict';
import { ask, freshTable, type StoreCase } from './case.js';
import type { Who } from '../../support/store.js';
import type { StoreUnderTest } from './running-store.js';

/** Content of /etc/hostname never appears in an answer, whoever asks. */
async function refused(
  store: StoreUnderTest,
  who: Who,
  sql: string,
  query: Record<string, string> = {},
): Promise<void> {
  const reply = await store.send(who, sql, query);
  assert.notEqual(reply.status, 200, `${who} was answered: ${sql}\n${reply.text.slice(0, 200)}`);
  assert.match(reply.text, /^Code: \d+\. DB::Exception: .*\([A-Z_]+\)\n$/s);
}

const everyone: readonly Who[] = ['reader', 'writer', 'admin'];

const reads: readonly (readonly [name: string, sql: string])[] = [
  ['the scalar function file()', "SELECT file('/etc/hostname')"],
  ['file in backticks', "SELECT `file`('/etc/hostname')"],
  ['file in double quotes and capitals', 'SELECT "FILE"(\'/etc/hostname\')'],
  ['SELECT * APPLY(file)', "SELECT * APPLY(file) FROM (SELECT '/etc/hostname' AS a)"],
  ['SELECT * APPLY file', "SELECT * APPLY file FROM (SELECT '/etc/hostname' AS a)"],
  ['arrayMap(file, …)', "SELECT arrayMap(file, ['/etc/hostname'])"],
  ['file behind a comment', "SELECT /* x */ file /* y */ ('/etc/hostname')"],
  ['file behind a nested comment', "SELECT /* /* */ 1, */ file('/etc/hostname')"],
  ['file behind a // comment', "SELECT 1 // ' \n , file('/etc/hostname') -- '"],
  ['file in a heredoc comparison', "SELECT $$ ' $$, file('/etc/hostname') -- '"],
  ['file in EXPLAIN', "EXPLAIN SELECT file('/etc/hostname')"],
  ['file in DESCRIBE', "DESCRIBE (SELECT file('/etc/hostname'))"],
  ['the table function file()', "SELECT * FROM file('/etc/hostname', 'LineAsString')"],
  ['the table function url()', "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')"],
  ['the table function remote()', "SELECT * FROM remote('127.0.0.1:9', 'system', 'one')"],
  ['the table function executable()', "SELECT * FROM executable('id', 'TSV', 'a String')"],
  ['the table function eval()', "SELECT * FROM eval('SELECT 1')"],
  ['the table function format() with Values', "SELECT * FROM format(Values, 'a String', '(''x'')')"],
  ['a path as a table', 'SELECT * FROM `/etc/hostname`'],
  ['a string as a table', "SELECT * FROM '/etc/hostname'"],
  ['INTO OUTFILE', "SELECT 1 INTO OUTFILE '/tmp/bellwether-must-not-exist'"],
  ['SYSTEM SHUTDOWN', 'SYSTEM SHUTDOWN'],
  ['SET', 'SET max_threads = 1'],
  ['two statements', 'SELECT 1; SELECT 2'],
  ['a statement behind FORMAT and a semicolon', 'SELECT 1 FORMAT TSV; DROP DATABASE bellwether'],
];

const readTraps: StoreCase[] = reads.map(([name, sql]) => ({
  name: `refused to everyone: ${name}`,
  run: async (store) => {
    for (const who of everyone) await refused(store, who, sql);
  },
}));

const insertTraps: StoreCase[] = [
  {
    name: 'a RowBinary body that holds blank lines is data to the last byte',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64, s String', 'id');
      const rows = 3_000; // 2570 is 0A 0A in little endian
      const row = Buffer.alloc(8 + 1 + 2);
      row.set([2, 0x0a, 0x0a], 8);
      const body = Buffer.alloc(rows * row.length);
      for (let id = 0; id < rows; id += 1) {
        row.writeBigUInt64LE(BigInt(id));
        row.copy(body, id * row.length);
      }
      assert.ok(body.includes('\n\n'));
      const reply = await store.send('writer', body, { query: `INSERT INTO ${table} FORMAT RowBinary` });
      assert.equal(reply.status, 200, reply.text);
      assert.equal(
        await ask(store, `SELECT count(), sum(id), uniqExact(s) FROM ${table}`),
        `${rows}\t4498500\t1`,
      );
      // The same, with statement and data in one body.
      const inline = Buffer.concat([Buffer.from(`INSERT INTO ${table} FORMAT RowBinary\n`), body]);
      assert.equal((await store.send('writer', inline)).status, 200);
      assert.equal(await ask(store, `SELECT count() FROM ${table}`), String(2 * rows));
    },
  },
  {
    name: 'a JSON body followed by a blank line and DROP TABLE drops nothing',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64');
      for (const query of [{ query: `INSERT INTO ${table} FORMAT JSONEachRow` }, undefined]) {
        const head = query === undefined ? `INSERT INTO ${table} FORMAT JSONEachRow\n` : '';
        const reply = await store.send('admin', `${head}{"id": 1}\n\nDROP TABLE ${table}`, query ?? {});
        assert.equal(reply.code, '27', reply.text);
      }
      assert.equal(await ask(store, `SELECT count() FROM ${table}`), '0');
    },
  },
  {
    name: 'VALUES followed by a second statement runs neither the one nor the other',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64');
      for (const tail of [`; DROP TABLE ${table}`, `\n\nDROP TABLE ${table}`, `; SELECT 1`]) {
        await refused(store, 'admin', `INSERT INTO ${table} VALUES (1)${tail}`);
      }
      assert.equal(await ask(store, `SELECT count() FROM ${table}`), '0');
    },
  },
  {
    name: 'INSERT … SELECT, WITH … INSERT and EXPLAIN INSERT carry no data, and nothing behind it runs',
    run: async (store) => {
      const table = await freshTable(store, 's String');
      for (const head of [
        `INSERT INTO ${table} SELECT s FROM input('s String') FORMAT CSV\nx`,
        `INSERT INTO ${table} SELECT 'x' FORMAT CSV`,
        `WITH 1 AS x INSERT INTO ${table} VALUES ('x')`,
        `EXPLAIN INSERT INTO ${table} VALUES ('x')`,
        `EXPLAIN AST INSERT INTO ${table} FORMAT CSV\nx`,
      ]) {
        const { code } = await store.send('writer', `${head}\n\nDROP TABLE ${table}`);
        assert.equal(code, '497', head);
      }
      assert.equal(await ask(store, `SELECT count() FROM ${table}`), '0');
    },
  },
  {
    name: 'VALUES evaluates no file(), in the text, in the body and in a long body',
    run: async (store) => {
      const table = await freshTable(store, 's String');
      const value = "(file('/etc/hostname'))";
      await refused(store, 'writer', `INSERT INTO ${table} VALUES ${value}`);
      await refused(store, 'writer', value, { query: `INSERT INTO ${table} VALUES` });
      await refused(store, 'writer', value, { query: `INSERT INTO ${table} FORMAT Values` });
      const long = `${"('x'),".repeat(250_000)}${value}`;
      await refused(store, 'writer', long, { query: `INSERT INTO ${table} FORMAT Values` });
      assert.equal(await ask(store, `SELECT countIf(s != 'x') FROM ${table}`), '0');
    },
  },
  {
    name: 'INSERT … FROM INFILE, INTO FUNCTION and FROM file() are refused',
    run: async (store) => {
      const table = await freshTable(store, 's String');
      await refused(store, 'admin', `INSERT INTO ${table} FROM INFILE '/etc/hostname' FORMAT LineAsString`);
      await refused(store, 'admin', "INSERT INTO FUNCTION file('/tmp/bellwether-must-not-exist') SELECT 1");
      await refused(
        store,
        'admin',
        `INSERT INTO ${table} SELECT * FROM file('/etc/hostname', 'LineAsString')`,
      );
      assert.equal(await ask(store, `SELECT count() FROM ${table}`), '0');
    },
  },
];

const settingTraps: StoreCase[] = [
  {
    name: 'a setting of one query is not there in the next',
    run: async (store) => {
      const value = () => ask(store, "SELECT getSetting('max_block_size')");
      const before = await value();
      for (let turn = 0; turn < 12; turn += 1) {
        const set = await store.send('admin', "SELECT getSetting('max_block_size')", {
          max_block_size: '777',
        });
        assert.equal(set.text, '777\n');
      }
      const table = await freshTable(store, 'id UInt64');
      await store.send('writer', '1', { query: `INSERT INTO ${table} FORMAT CSV`, max_block_size: '778' });
      for (let turn = 0; turn < 12; turn += 1) assert.equal(await value(), before);
    },
  },
  {
    name: 'a read user cannot raise its bounds, by URL or by SETTINGS',
    run: async (store) => {
      const ask = (query: Record<string, string>) =>
        store.send('reader', "SELECT getSetting('max_execution_time'), getSetting('readonly')", query);
      assert.equal((await ask({ max_execution_time: '5' })).text, '5\t1\n');
      assert.equal((await ask({ max_execution_time: '86400' })).text, '60\t1\n');
      assert.equal((await ask({ max_execution_time: '0' })).text, '60\t1\n');
      assert.equal((await ask({ readonly: '0' })).text, '60\t1\n');
      await refused(store, 'reader', 'SELECT 1 SETTINGS max_execution_time = 86400');
      await refused(store, 'reader', 'SELECT 1', { dialect: 'prql' });
      await refused(store, 'reader', 'SELECT 1', { additional_result_filter: "file('/etc/hostname') != ''" });
      await refused(store, 'admin', "SELECT 1 SETTINGS additional_result_filter = 'file(''/etc/hostname'')'");
    },
  },
  {
    name: 'a read user writes nothing, a writer defines nothing, GET changes nothing',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64');
      await refused(store, 'reader', `INSERT INTO ${table} VALUES (1)`);
      await refused(store, 'reader', `WITH 1 AS x INSERT INTO ${table} SELECT x`);
      await refused(store, 'reader', 'KILL QUERY WHERE 1');
      await refused(store, 'writer', `DROP TABLE ${table}`);
      await refused(store, 'writer', `ALTER TABLE ${table} DELETE WHERE 1`);
      const get = await store.send('admin', undefined, { query: `DROP TABLE ${table}` });
      assert.equal(get.code, '164');
      assert.equal(await ask(store, `EXISTS TABLE ${table}`), '1');
    },
  },
];

/** Ways round the rules that were seen to work on the bare engine, each tried on the store. */
export const TRAP_CASES: readonly StoreCase[] = [...readTraps, ...insertTraps, ...settingTraps];
