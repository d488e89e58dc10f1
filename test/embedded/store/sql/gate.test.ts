import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../../../../embedded/store/errors.js';
import { FORBIDDEN_TABLE_FUNCTIONS } from '../../../../embedded/store/sql/forbidden.js';
import { readStatement } from '../../../../embedded/store/sql/statement.js';
import type { Access } from '../../../../embedded/store/users.js';

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();
const everyone: readonly Access[] = ['read', 'write', 'admin'];

/** The kind of a statement that passes, or the type of the refusal. */
function judged(sql: string, access: Access, parameters = NO_PARAMETERS): string {
  try {
    return readStatement(Buffer.from(sql, 'utf8').toString('latin1'), access, parameters).kind;
  } catch (error) {
    if (error instanceof StoreError) return error.type;
    throw error;
  }
}

/** Spellings of a name that the engine takes for the same name. */
const spelled = (name: string) =>
  fc
    .tuple(
      fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }),
      fc.constantFrom('', '`', '"'),
    )
    .map(([upper, quote]) => {
      const text = Array.from(name, (letter, at) =>
        upper[at] === true ? letter.toUpperCase() : letter,
      ).join('');
      return `${quote}${text}${quote}`;
    });

const blank = fc.constantFrom('', ' ', '\n', '\t', '/* x */', '/* /* */ */', '-- y\n', ' /**/ ');

/** Queries with a hole for an expression. */
const around = fc.constantFrom(
  (inner: string) => `SELECT ${inner}`,
  (inner: string) => `SELECT 1 WHERE '' != ${inner}`,
  (inner: string) => `WITH ${inner} AS x SELECT x`,
  (inner: string) => `SELECT * FROM (SELECT ${inner} AS a) AS q`,
  (inner: string) => `SELECT 1 UNION ALL SELECT ${inner}`,
  (inner: string) => `(SELECT ${inner})`,
  (inner: string) => `EXPLAIN SELECT ${inner}`,
  (inner: string) => `DESCRIBE (SELECT ${inner})`,
  (inner: string) => `SELECT * REPLACE(${inner} AS a) FROM (SELECT 1 AS a)`,
  (inner: string) => `SELECT '--', ${inner}, '/*'`,
  (inner: string) => `INSERT INTO t SELECT ${inner}`,
  (inner: string) => `CREATE VIEW v AS SELECT ${inner}`,
  (inner: string) => `CREATE TABLE t (a String DEFAULT ${inner}) ENGINE = Memory`,
  (inner: string) => `ALTER TABLE t ADD COLUMN a String MATERIALIZED ${inner}`,
);

describe('gate', () => {
  test('property: no statement with a function that reaches outside passes, however it is spelled', () => {
    const scalar = fc.constantFrom(
      'file',
      'catboostEvaluate',
      'addressToLine',
      'aiGenerate',
      'hasColumnInTable',
    );
    const use = fc.constantFrom(
      (name: string, gap: string) => `${name}${gap}('/etc/hostname')`,
      (name: string, gap: string) => `arrayMap(${gap}${name}${gap}, ['/etc/hostname'])`,
      (name: string, gap: string) => `arrayFilter(x -> ${name}${gap}(x) != '', ['/etc/hostname'])`,
    );
    const statement = fc
      .tuple(around, use, scalar.chain(spelled), blank)
      .map(([outer, inner, name, gap]) => outer(inner(name, gap)));
    fc.assert(
      fc.property(statement, fc.constantFrom(...everyone), (sql, access) => {
        const verdict = judged(sql, access);
        assert.ok(['ACCESS_DENIED', 'READONLY'].includes(verdict), `${sql} → ${verdict}`);
      }),
      { numRuns: 2_000 },
    );
  });

  test('property: no table function that reaches outside passes, in any place of a table', () => {
    const place = fc.constantFrom(
      (call: string) => `SELECT * FROM ${call}`,
      (call: string) => `SELECT * FROM t, ${call}`,
      (call: string) => `SELECT * FROM t JOIN ${call} AS u ON 1`,
      (call: string) => `SELECT 1 WHERE 1 IN (SELECT * FROM ${call})`,
      (call: string) => `FROM ${call} SELECT *`,
      (call: string) => `DESCRIBE TABLE ${call}`,
      (call: string) => `INSERT INTO t SELECT * FROM ${call}`,
      (call: string) => `INSERT INTO FUNCTION ${call} SELECT 1`,
      (call: string) => `INSERT INTO TABLE FUNCTION ${call} SELECT 1`,
      (call: string) => `CREATE TABLE t AS ${call}`,
    );
    const name = fc.constantFrom(...FORBIDDEN_TABLE_FUNCTIONS).chain(spelled);
    const statement = fc
      .tuple(place, name, blank)
      .map(([outer, called, gap]) => outer(`${called}${gap}('x')`));
    fc.assert(
      fc.property(statement, fc.constantFrom(...everyone), (sql, access) => {
        const verdict = judged(sql, access);
        assert.ok(['ACCESS_DENIED', 'READONLY'].includes(verdict), `${sql} → ${verdict}`);
      }),
      { numRuns: 2_000 },
    );
  });

  test('property: two statements never pass as one', () => {
    const one = fc.constantFrom(
      'SELECT 1',
      "SELECT ';'",
      'DROP TABLE t',
      'INSERT INTO t SELECT 1',
      'SHOW TABLES',
    );
    fc.assert(
      fc.property(one, one, blank, fc.constantFrom(...everyone), (first, second, gap, access) => {
        assert.ok(!/^(select|show|insert|definition)/.test(judged(`${first}${gap};${gap}${second}`, access)));
        if (access === 'admin')
          assert.match(judged(`${first}${gap};${gap};`, access), /^(select|show|insert|definition)/);
      }),
    );
  });

  test('harmless statements pass', () => {
    const harmless = [
      "SELECT 'file(''/etc/passwd'')' AS a, \"b c\", count() FROM bellwether.samples FINAL WHERE attributes['x/y'] = 1",
      "SELECT format('{} of {}', a, b) FROM t FORMAT JSONEachRow",
      'SELECT profile, url, remote, format FROM t WHERE url = 2',
      'SELECT filename, files FROM t',
      'SELECT a FROM t SETTINGS max_threads = 1, final = 1 FORMAT CSV',
      'EXPLAIN indexes = 1 SELECT 1',
      'SHOW CREATE TABLE t',
      'DESCRIBE TABLE t',
      'EXISTS TABLE t',
      '-- a comment with file(x)\nSELECT 1',
    ];
    for (const sql of harmless) {
      for (const access of everyone) assert.match(judged(sql, access), /^(select|show|explain)$/, sql);
    }
  });

  test('who may do what', () => {
    const table: readonly (readonly [sql: string, read: string, write: string, admin: string])[] = [
      ['SELECT 1', 'select', 'select', 'select'],
      ['INSERT INTO t SELECT 1', 'READONLY', 'insert', 'insert'],
      ['WITH 1 AS x INSERT INTO t SELECT x', 'READONLY', 'insert-select', 'insert-select'],
      ['CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a', 'READONLY', 'ACCESS_DENIED', 'definition'],
      ['CREATE DATABASE IF NOT EXISTS bellwether', 'READONLY', 'ACCESS_DENIED', 'definition'],
      ['CREATE OR REPLACE VIEW v AS SELECT 1', 'READONLY', 'ACCESS_DENIED', 'definition'],
      ['ALTER TABLE t DELETE WHERE 1', 'READONLY', 'ACCESS_DENIED', 'definition'],
      ['DROP TABLE IF EXISTS t', 'READONLY', 'ACCESS_DENIED', 'definition'],
      ['OPTIMIZE TABLE t FINAL', 'READONLY', 'ACCESS_DENIED', 'definition'],
      ['KILL QUERY WHERE 1', 'READONLY', 'ACCESS_DENIED', 'definition'],
      ['SYSTEM FLUSH LOGS', 'READONLY', 'ACCESS_DENIED', 'system'],
      ['SYSTEM STOP MERGES t', 'READONLY', 'ACCESS_DENIED', 'system'],
      ['SELECT sleep(1)', 'ACCESS_DENIED', 'select', 'select'],
    ];
    for (const [sql, read, write, admin] of table) {
      assert.deepEqual(everyone.map((access) => judged(sql, access)), [read, write, admin], sql); // prettier-ignore
    }
  });

  test('refused to everyone', () => {
    const refused = [
      'SYSTEM SHUTDOWN',
      'SYSTEM KILL',
      'SYSTEM RELOAD CONFIG',
      'SYSTEM /* FLUSH LOGS */ SHUTDOWN',
      'SET max_threads = 1',
      'USE system',
      'ATTACH TABLE t',
      "BACKUP TABLE t TO File('x')",
      "RESTORE TABLE t FROM File('x')",
      'GRANT SELECT ON *.* TO x',
      'CREATE USER x',
      'CREATE FUNCTION f AS x -> x',
      "CREATE DICTIONARY d (a String) PRIMARY KEY a SOURCE(FILE(path '/x' format 'TSV')) LAYOUT(FLAT())",
      "CREATE NAMED COLLECTION c AS url = 'x'",
      'CREATE TEMPORARY TABLE t (a Int8)',
      "CREATE TABLE t (a String) ENGINE = File(TSV, '/etc/passwd')",
      "CREATE TABLE t (a String) ENGINE File(TSV, '/etc/passwd')",
      "CREATE TABLE t (a String) ENGINE = `URL`('http://x')",
      "CREATE DATABASE d ENGINE = Filesystem('/')",
      "CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '/x/')",
      "CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a SETTINGS storage_policy = 'x'",
      'CREATE TABLE a (x Int8) ENGINE = Memory PARALLEL WITH DROP TABLE b',
      "ALTER TABLE t FETCH PARTITION 1 FROM '/x'",
      'ALTER TABLE t FREEZE',
      "SELECT 1 INTO OUTFILE 'x'",
      "INSERT INTO t FROM INFILE '/x' FORMAT TSV",
      'SELECT * APPLY(sum) FROM t',
      'SELECT `fi\\x6ce`(1)',
      "SELECT * FROM format(Values, '(file(1))')",
      "SELECT * FROM format('Values', '(file(1))')",
      "SELECT 1 SETTINGS dialect = 'prql'",
      "SELECT 1 SETTINGS `dialect` = 'prql'",
      "SELECT (SELECT 1 SETTINGS additional_result_filter = 'x')",
      "SELECT 1 SETTINGS max_threads = 1, additional_table_filters = {'t': 'x'}",
      "SELECT 1 SETTINGS log_comment = 'x'",
      '',
      '-- nothing',
    ];
    for (const sql of refused) {
      for (const access of everyone) {
        assert.match(judged(sql, access), /^[A-Z_]+$/, `${access}: ${sql}`);
      }
    }
  });

  test('a path as a quoted name is refused to those who are not read-only in the engine', () => {
    for (const access of ['write', 'admin'] as const) {
      assert.equal(judged('SELECT * FROM `/etc/passwd`', access), 'ACCESS_DENIED');
    }
    assert.equal(judged('SELECT count() AS "requests/s" FROM t', 'read'), 'select');
  });

  test('an Identifier parameter must be a plain name', () => {
    const sql = 'SELECT * FROM {t:Identifier}';
    assert.equal(judged(sql, 'read', new Map([['t', 'bellwether.samples']])), 'select');
    for (const value of ['/etc/passwd', 'file', "x'; DROP", '']) {
      assert.equal(judged(sql, 'read', new Map([['t', value]])), 'BAD_ARGUMENTS', value);
    }
  });

  test('the FORMAT clause is found where it is one', () => {
    const format = (sql: string) => readStatement(sql, 'admin', NO_PARAMETERS).format;
    assert.equal(format('SELECT 1 FORMAT JSONEachRow'), 'JSONEachRow');
    assert.equal(format('SELECT 1 FORMAT CSV SETTINGS max_threads = 1;'), 'CSV');
    assert.equal(format("SELECT 'FORMAT CSV', format FROM t"), undefined);
    assert.equal(format("SELECT a FROM (SELECT 1 AS a) WHERE a = 'x' -- FORMAT CSV"), undefined);
  });
});
