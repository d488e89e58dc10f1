import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../../../../embedded/store/errors.js';
import { readInsert, startsWithInsert, type InsertContext } from '../../../../embedded/store/sql/insert.js';

const context: InsertContext = {
  access: 'write',
  database: undefined,
  defaultFormat: 'Values',
  complete: true,
};

function head(text: string, over: Partial<InsertContext> = {}) {
  const reading = readInsert(text, { ...context, ...over });
  if (reading.found !== 'data') return assert.fail(`${reading.found}: ${text}`);
  return { ...reading.head, data: text.slice(reading.head.dataAt) };
}

describe('readInsert', () => {
  test('finds target, columns, format and the first byte of the data', () => {
    const { target, format, data } = head('INSERT INTO db.t (a, `b c`) FORMAT JSONEachRow\n{"a": 1}');
    assert.equal(target, 'INSERT INTO db.t (a, `b c`)');
    assert.equal(format, 'JSONEachRow');
    assert.equal(data, '{"a": 1}');
  });

  test('VALUES, no format, and a format on the same line', () => {
    assert.deepEqual([head('INSERT INTO t VALUES (1)').format, head('INSERT INTO t VALUES (1)').data], ['Values', '(1)']); // prettier-ignore
    assert.equal(head('INSERT INTO t', { defaultFormat: 'CSV' }).format, 'CSV');
    assert.equal(head('INSERT INTO t FORMAT CSV 1,2').data, '1,2');
    assert.equal(head('INSERT INTO t FORMAT CSV').data, '');
  });

  test('only one newline is taken: a binary body may begin with more', () => {
    assert.equal(head('INSERT INTO t FORMAT RowBinary\n\n\nx').data, '\n\nx');
    assert.equal(head('INSERT INTO t FORMAT RowBinary\r\n\n').data, '\n');
  });

  test('names that are keywords elsewhere, comments and odd quotes', () => {
    const odd = head(
      'insert /* into x */ into TABLE `values` (`format`, "select") -- FORMAT CSV\n format TSV\n1',
    );
    assert.equal(odd.target, 'INSERT INTO `values` (`format`, "select")');
    assert.equal(odd.format, 'TSV');
  });

  test('the database goes before a bare table only', () => {
    assert.equal(head('INSERT INTO t FORMAT CSV', { database: 'd' }).target, 'INSERT INTO `d`.t');
    assert.equal(head('INSERT INTO e.t FORMAT CSV', { database: 'd' }).target, 'INSERT INTO e.t');
  });

  test('settings of the statement, with values of every kind', () => {
    const { settings } = head(
      "INSERT INTO t SETTINGS insert_quorum = 1, insert_deduplication_token = 'a, b = c', max_insert_threads = -1 FORMAT CSV\n",
    );
    assert.deepEqual([...settings], [['insert_quorum', '1'], ['insert_deduplication_token', "'a, b = c'"], ['max_insert_threads', '-1']]); // prettier-ignore
  });

  test('INSERT … SELECT is a query', () => {
    for (const tail of [
      'SELECT 1',
      '(a) SELECT 1',
      'WITH 1 AS x SELECT x',
      '(SELECT 1)',
      '((SELECT 1))',
      '(a) (SELECT 1)',
      'FROM x SELECT 1',
    ]) {
      assert.equal(readInsert(`INSERT INTO t ${tail}`, context).found, 'select', tail);
    }
  });

  test('refused: functions, readers, forbidden settings and names, deep brackets', () => {
    const refused: readonly (readonly [string, string])[] = [
      ["INSERT INTO FUNCTION file('x') FORMAT CSV\n1", 'ACCESS_DENIED'],
      ["INSERT INTO TABLE FUNCTION file('x') FORMAT CSV\n1", 'ACCESS_DENIED'],
      [
        "INSERT INTO t SETTINGS input_format_record_errors_file_path = '/x' FORMAT CSV\n1",
        'SETTING_CONSTRAINT_VIOLATION',
      ],
      [
        'INSERT INTO t SETTINGS input_format_values_interpret_expressions = 1 VALUES (1)',
        'SETTING_CONSTRAINT_VIOLATION',
      ],
      ['INSERT INTO t (file) FORMAT CSV\n1', 'ACCESS_DENIED'],
      [`INSERT INTO t SETTINGS insert_x = ${'['.repeat(50)} FORMAT CSV`, 'SYNTAX_ERROR'],
      ['INSERT INTO t; DROP TABLE t', 'SYNTAX_ERROR'],
      ['INSERT INTO t FORMAT CSV; DROP TABLE t', 'SYNTAX_ERROR'],
      ['INSERT INTO t (a, b', 'SYNTAX_ERROR'],
      ['INSERT INTO', 'SYNTAX_ERROR'],
    ];
    for (const [sql, type] of refused) {
      assert.throws(() => readInsert(sql, context), (error) => error instanceof StoreError && error.type === type, sql); // prettier-ignore
    }
    assert.throws(
      () => readInsert('INSERT INTO t FORMAT CSV\n1', { ...context, access: 'read' }),
      /READONLY|read access/,
    );
  });

  test('property: the data is everything behind the head, whatever bytes it is', () => {
    const heads = fc.constantFrom(
      'INSERT INTO t FORMAT RowBinary\n',
      'INSERT INTO db.`t` (a, b) SETTINGS insert_quorum = 0 FORMAT Native\n',
      'INSERT /* /* */ */ INTO t -- x\n FORMAT CSV\n',
    );
    fc.assert(
      fc.property(heads, fc.uint8Array({ maxLength: 200 }), (start, bytes) => {
        const data = Buffer.from(bytes).toString('latin1');
        assert.equal(head(start + data).data, data);
      }),
    );
  });

  test('property: cut anywhere, the head is incomplete or read the same, never read otherwise', () => {
    const safe =
      'INSERT INTO db.`a``b` (x, y) /* c */ SETTINGS insert_quorum = \'z\' FORMAT JSONEachRow\r\n{"x": 1}';
    const whole = head(safe);
    for (let cut = 0; cut <= safe.length; cut += 1) {
      const part = safe.slice(0, cut);
      if (startsWithInsert(part, false) === undefined) continue;
      const reading = readInsert(part, { ...context, complete: false });
      if (reading.found === 'incomplete') continue;
      if (reading.found !== 'data') assert.fail(`${reading.found} when cut at ${cut}`);
      const { target, format, dataAt } = reading.head;
      assert.deepEqual([target, format, dataAt], [whole.target, whole.format, whole.dataAt], `cut at ${cut}`);
    }
  });
});
