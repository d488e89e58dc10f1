import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { lex, LexicalError } from '../../../../embedded/store/sql/lexer.js';

const texts = (sql: string) => lex(sql).tokens.map((token) => token.text);
const kinds = (sql: string) => lex(sql).tokens.map((token) => token.kind);

describe('lexer', () => {
  test('words, quoted names, strings and symbols', () => {
    assert.deepEqual(texts('SELECT `a b`, "c", \'d\' FROM t1'), [
      'SELECT',
      'a b',
      ',',
      'c',
      ',',
      'd',
      'FROM',
      't1',
    ]);
    assert.deepEqual(kinds('a `a` "a" \'a\' +'), ['word', 'quoted', 'quoted', 'string', 'symbol']);
  });

  test('numbers stand as words; a dot is a token of its own', () => {
    assert.deepEqual(texts('1.5 + t.1x'), ['1', '.', '5', '+', 't', '.', '1x']);
  });

  test('quotes are escaped by a backslash or by doubling, and hold anything', () => {
    assert.deepEqual(texts("'a\\'b' 'c''d' '-- no /* comment'"), ["a\\'b", "c''d", '-- no /* comment']);
  });

  test('comments go, nested ones too, and positions stay', () => {
    const sql = 'a /* x /* y */ z */ b -- c\nd';
    assert.deepEqual(texts(sql), ['a', 'b', 'd']);
    assert.equal(lex(sql).text.length, sql.length);
    assert.deepEqual(lex(sql).text.split(/\s+/), ['a', 'b', 'd']);
  });

  test('an open quote or comment is incomplete: more text may close it', () => {
    for (const sql of ["'a", '"a', '`a', '/* a', '/* /* */', "'a\\'"]) {
      assert.throws(() => lex(sql), (error) => error instanceof LexicalError && error.incomplete, sql); // prettier-ignore
    }
  });

  test('what engine versions read differently is refused', () => {
    for (const sql of [
      '1 // 2',
      '1 # 2',
      '#! 2',
      '$a$ x $a$',
      '$x',
      'a \\G',
      'ｆile',
      '“a”',
      '‘a’',
      'a\0b',
      'é',
    ]) {
      const latin1 = Buffer.from(sql, 'utf8').toString('latin1');
      assert.throws(() => lex(latin1), (error) => error instanceof LexicalError && !error.incomplete, sql); // prettier-ignore
    }
  });

  test('property: a string literal is one token, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const latin1 = Buffer.from(value, 'utf8').toString('latin1');
        const literal = `'${latin1.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
        assert.deepEqual(kinds(`f(${literal}, 1)`), ['word', 'symbol', 'string', 'symbol', 'word', 'symbol']);
      }),
    );
  });

  test('property: tokens lie one behind the other and cover all but blanks and comments', () => {
    const piece = fc.constantFrom(
      'a',
      '`b`',
      "'c'",
      '1',
      '(',
      ')',
      ',',
      ' ',
      '\n',
      '/* d */',
      '-- e\n',
      '.',
      '=',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const { tokens, text } = lex(pieces.join(''));
        let at = 0;
        for (const token of tokens) {
          assert.equal(text.slice(at, token.start).trim(), '');
          at = token.end;
        }
        assert.equal(text.slice(at).trim(), '');
      }),
    );
  });
});
