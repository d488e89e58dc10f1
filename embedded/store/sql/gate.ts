import { refusal } from '../errors.js';
import type { Access } from '../users.js';
import { allowedEngine, forbiddenAnywhere, forbiddenCall, forbiddenKeyword } from './forbidden.js';
import { forbiddenSetting, forbiddenToReaders } from './forbidden.js';
import { isKeyword, isName, isSymbol, type Token } from './lexer.js';
import { demandSetting, settingAllowed } from './settings.js';

/** Statements by what they may do; each access opens some. */
export type StatementKind =
  'select' | 'show' | 'explain' | 'insert' | 'insert-select' | 'definition' | 'system';

const OPEN_TO: Readonly<Record<StatementKind, readonly Access[]>> = {
  select: ['read', 'write', 'admin'],
  show: ['read', 'write', 'admin'],
  explain: ['read', 'write', 'admin'],
  insert: ['write', 'admin'],
  'insert-select': ['write', 'admin'],
  definition: ['admin'],
  system: ['admin'],
};

const KIND_BY_KEYWORD = new Map<string, StatementKind>([
  ['SELECT', 'select'],
  ['WITH', 'select'],
  ['FROM', 'select'],
  ['(', 'select'],
  ['SHOW', 'show'],
  ['DESCRIBE', 'show'],
  ['DESC', 'show'],
  ['EXISTS', 'show'],
  ['EXPLAIN', 'explain'],
  ['INSERT', 'insert'],
  ...[
    'CREATE',
    'ALTER',
    'DROP',
    'TRUNCATE',
    'RENAME',
    'EXCHANGE',
    'OPTIMIZE',
    'DELETE',
    'UPDATE',
    'CHECK',
    'KILL',
  ].map((word): [string, StatementKind] => [word, 'definition']),
  ['SYSTEM', 'system'],
]);

/** Statements of the engine that nobody may run here. */
const REFUSED_STATEMENTS = [
  ...[
    'ATTACH',
    'BACKUP',
    'BEGIN',
    'COMMIT',
    'COPY',
    'DETACH',
    'EXECUTE',
    'GRANT',
    'MOVE',
    'RESTORE',
    'REVOKE',
  ],
  ...['ROLLBACK', 'UNDROP', 'WATCH', 'EXTERNAL', 'IMPORT', 'VALUES', 'PARALLEL'],
];

/** Objects that CREATE, DROP and the like may name; not DICTIONARY, FUNCTION, USER, NAMED COLLECTION, … */
const OBJECTS = ['TABLE', 'TABLES', 'VIEW', 'DATABASE', 'MATERIALIZED'];
const SKIPPED_BEFORE_OBJECT = ['OR', 'REPLACE', 'IF', 'EXISTS', 'EMPTY', 'ALL'];
/** SYSTEM is refused but for these: SYSTEM SHUTDOWN would end the process. */
const SYSTEM_STATEMENTS =
  /^SYSTEM (FLUSH LOGS|(STOP|START) (MERGES|TTL MERGES|VIEW|VIEWS)|(REFRESH|WAIT|CANCEL) VIEW|SYNC TRANSACTION LOG|DROP (MARK|UNCOMPRESSED|QUERY|INDEX MARK|INDEX UNCOMPRESSED) CACHE)\b/;

/**
 * Judges the tokens of one statement (without its inline data).
 * @returns what kind of statement it is.
 * @throws StoreError that says what is refused and why.
 */
export function judge(tokens: readonly Token[], access: Access): StatementKind {
  const kind = kindOf(tokens);
  for (let index = 0; index < tokens.length; index += 1) judgeToken(tokens, index, access, kind);
  if (!OPEN_TO[kind].includes(access)) {
    const first = tokens[0]?.text.toUpperCase() ?? '';
    throw refusal(
      access === 'read' ? 'READONLY' : 'ACCESS_DENIED',
      `${first} is not open to ${access} access`,
    );
  }
  if (kind === 'definition') judgeDefinition(tokens);
  if (kind === 'explain' && has(tokens, 'INSERT'))
    throw refusal('ACCESS_DENIED', 'EXPLAIN INSERT is not allowed here');
  if (kind === 'system') judgeSystem(tokens);
  return kind;
}

/**
 * An INSERT … SELECT must not carry data: the engine ends inline data at a blank line and runs what follows.
 * Data belongs to `FORMAT name`, to VALUES in place of the SELECT, and to the table function input().
 */
export function judgeInsertSelect(tokens: readonly Token[]): void {
  const outer = [...topLevel(tokens)];
  const source = outer.findIndex((token) => isKeyword(token, 'SELECT'));
  const carries =
    outer.some((token, index) => isKeyword(token, 'FORMAT') && isName(outer[index + 1])) ||
    outer.slice(0, source === -1 ? undefined : source).some((token) => isKeyword(token, 'VALUES')) ||
    tokens.some((token, index) => isKeyword(token, 'INPUT') && isSymbol(tokens[index + 1], '('));
  if (carries)
    throw refusal('ACCESS_DENIED', 'INSERT … SELECT with data (FORMAT, VALUES, input()) is not allowed here');
}

const has = (tokens: readonly Token[], keyword: string) =>
  [...topLevel(tokens)].some((token) => isKeyword(token, keyword));

/** Data of an INSERT … VALUES is SQL as well: the engine evaluates expressions in it. */
export function judgeValues(tokens: readonly Token[], access: Access): void {
  for (let index = 0; index < tokens.length; index += 1) judgeToken(tokens, index, access, 'insert');
}

function kindOf(tokens: readonly Token[]): StatementKind {
  const first = tokens[0];
  if (first === undefined) throw refusal('SYNTAX_ERROR', 'Empty query');
  const kind =
    first.kind === 'word' || first.text === '(' ? KIND_BY_KEYWORD.get(first.text.toUpperCase()) : undefined;
  if (kind === undefined) {
    const word = first.text.slice(0, 40);
    if (isKeyword(first, 'SET', 'USE')) {
      const what = `The store does not run ${word}`;
      throw refusal(
        'ACCESS_DENIED',
        `${what}: a request has no session; send settings and the database in the URL`,
      );
    }
    if (isKeyword(first, ...REFUSED_STATEMENTS))
      throw refusal('ACCESS_DENIED', `The store does not run ${word}`);
    throw refusal('SYNTAX_ERROR', `Syntax error: failed at position ${first.start + 1} (${word})`);
  }
  // WITH x AS (…) INSERT INTO t SELECT …
  const inserts = isKeyword(first, 'WITH') && has(tokens, 'INSERT');
  if (inserts) return 'insert-select';
  return kind;
}

/** Tokens outside all brackets. */
export function* topLevel(tokens: readonly Token[]): Generator<Token> {
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'symbol' && ')]}'.includes(token.text)) depth -= 1;
    if (depth === 0) yield token;
    if (token.kind === 'symbol' && '([{'.includes(token.text)) depth += 1;
  }
}

function judgeToken(tokens: readonly Token[], index: number, access: Access, kind: StatementKind): void {
  const token = tokens[index];
  if (token === undefined) return;
  const next = tokens[index + 1];
  if (isSymbol(token, ';')) throw refusal('SYNTAX_ERROR', 'Multi-statements are not allowed');
  if (token.kind === 'string' && isSymbol(tokens[index - 1], '.')) {
    throw refusal('SYNTAX_ERROR', 'A string is no name');
  }
  if (!isName(token)) return;
  if (token.kind === 'quoted') judgeQuoted(token, access);
  const refused = (what: string) =>
    refusal('ACCESS_DENIED', `${what} ${token.text.slice(0, 80)} is not allowed here`);
  if (forbiddenAnywhere(token.text)) throw refused('The name');
  if (access === 'read' && forbiddenToReaders(token.text)) throw refused('The function');
  if (isSymbol(next, '(') && forbiddenCall(token.text)) throw refused('The function');
  if (token.kind === 'word' && forbiddenKeyword(token.text)) throw refused('The keyword');
  if (isKeyword(token, 'PARALLEL') && isKeyword(next, 'WITH')) throw refused('The clause');
  if (isKeyword(token, 'INTO') && isKeyword(next, 'FUNCTION', 'OUTFILE')) throw refused('A function after');
  if (isKeyword(token, 'TABLE') && isKeyword(next, 'FUNCTION')) throw refused('A function after');
  if (token.text.toLowerCase() === 'format' && isSymbol(next, '(')) judgeFormatCall(tokens[index + 2]);
  if (isKeyword(token, 'SETTINGS') && isSymbol(tokens[index + 2], '=')) {
    judgeSettings(tokens, index + 1, access, kind);
  }
}

/**
 * `format` is a harmless scalar function (`format('{} {}', a, b)`) and a table function that parses a string
 * in a given format, Values with its expressions among them. The table function never takes a pattern.
 */
function judgeFormatCall(argument: Token | undefined): void {
  if (argument?.kind === 'string' && argument.text.includes('{')) return;
  throw refusal('ACCESS_DENIED', "format() is allowed only with a literal pattern such as '{}'");
}

/** A quoted name can be a path: the engine's default database opens files by their name. */
function judgeQuoted(token: Token, access: Access): void {
  if (token.text.includes('\\') || token.text.includes('\0')) {
    throw refusal('SYNTAX_ERROR', 'The store does not take escapes in quoted names');
  }
  if (access !== 'read' && /[/:]/.test(token.text)) {
    throw refusal('ACCESS_DENIED', `The name \`${token.text.slice(0, 80)}\` looks like a path`);
  }
}

/** Each `name = value` after SETTINGS, up to the end of the list. */
function judgeSettings(tokens: readonly Token[], from: number, access: Access, kind: StatementKind): void {
  let depth = 0;
  let expectName = true;
  for (let index = from; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) return;
    if (expectName && depth === 0) {
      if (!isName(token) || !isSymbol(tokens[index + 1], '=')) return;
      const ofTable = kind === 'definition' && !forbiddenSetting(token.text);
      if (!ofTable && !settingAllowed(token.text, access)) demandSetting(token.text, access);
      expectName = false;
    }
    if (token.kind !== 'symbol') continue;
    if ('([{'.includes(token.text)) depth += 1;
    if (')]}'.includes(token.text)) depth -= 1;
    if (depth < 0) return;
    if (depth === 0 && token.text === ',') expectName = true;
  }
}

function judgeDefinition(tokens: readonly Token[]): void {
  const verb = tokens[0];
  if (isKeyword(verb, 'CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'RENAME', 'EXCHANGE')) {
    const object = tokens.slice(1).find((token) => !isKeyword(token, ...SKIPPED_BEFORE_OBJECT));
    const short = isKeyword(verb, 'TRUNCATE', 'RENAME') && object?.kind !== 'string';
    if (!isKeyword(object, ...OBJECTS) && !short) {
      throw refusal(
        'ACCESS_DENIED',
        `${verb?.text ?? ''} ${object?.text.slice(0, 40) ?? ''} is not allowed here`,
      );
    }
  }
  if (isKeyword(verb, 'KILL') && !isKeyword(tokens[1], 'QUERY', 'MUTATION')) {
    throw refusal('ACCESS_DENIED', 'Only KILL QUERY and KILL MUTATION are allowed here');
  }
  if (
    isKeyword(verb, 'ALTER') &&
    [...topLevel(tokens)].some((token) => isKeyword(token, 'FETCH', 'FREEZE'))
  ) {
    throw refusal('ACCESS_DENIED', 'ALTER … FETCH and FREEZE are not allowed here');
  }
  if (isKeyword(verb, 'CREATE')) judgeEngines(tokens);
}

/** Words that follow a column named `engine`, not an ENGINE clause. */
const NO_ENGINE = [
  'FROM',
  'AS',
  'IN',
  'IS',
  'NOT',
  'LIKE',
  'AND',
  'OR',
  'ASC',
  'DESC',
  'ORDER',
  'GROUP',
  'WHERE',
];

function judgeEngines(tokens: readonly Token[]): void {
  for (let index = 0; index < tokens.length; index += 1) {
    if (!isKeyword(tokens[index], 'ENGINE')) continue;
    const equals = isSymbol(tokens[index + 1], '=');
    const engine = tokens[index + (equals ? 2 : 1)];
    if (!isName(engine) || (!equals && isKeyword(engine, ...NO_ENGINE))) continue;
    if (!allowedEngine(engine.text)) {
      throw refusal('ACCESS_DENIED', `The engine ${engine.text.slice(0, 40)} is not allowed here`);
    }
  }
}

function judgeSystem(tokens: readonly Token[]): void {
  const text = tokens
    .slice(0, 6)
    .map((token) => (token.kind === 'word' ? token.text.toUpperCase() : ' '))
    .join(' ');
  if (!SYSTEM_STATEMENTS.test(text))
    throw refusal('ACCESS_DENIED', `${text.slice(0, 60).trim()} is not allowed here`);
}
