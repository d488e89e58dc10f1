import { refusal } from '../errors.js';
import type { Access } from '../users.js';
import { judge } from './gate.js';
import { isKeyword, isName, isSymbol, Lexer, LexicalError, withoutComments, type Token } from './lexer.js';
import { judgeIdentifierParameters, utf8 } from './statement.js';
import { judgeTarget } from './target.js';

/** The head of an INSERT whose rows follow as data. */
export interface InsertHead {
  /** `INSERT INTO db.t (a, b)`, without SETTINGS and FORMAT. */
  readonly target: string;
  /** The SETTINGS clause: name to SQL text of the value. */
  readonly settings: ReadonlyMap<string, string>;
  readonly format: string;
  /** Byte offset at which the data begins. */
  readonly dataAt: number;
}

export type InsertReading =
  | { readonly found: 'data'; readonly head: InsertHead }
  /** INSERT … SELECT: to be run as a query. */
  | { readonly found: 'select' }
  /** More text is needed to see where the head ends. */
  | { readonly found: 'incomplete' };

export interface InsertContext {
  readonly access: Access;
  /** The only tables that it may go to; undefined for any. */
  readonly tables?: readonly string[] | undefined;
  /** Database of a table that is named without one. */
  readonly database: string | undefined;
  /** Format when the statement names none. */
  readonly defaultFormat: string;
  /** False while more text may come. */
  readonly complete: boolean;
}

/** Whether the text begins with INSERT; undefined when more text is needed to tell. */
export function startsWithInsert(text: string, complete: boolean): boolean | undefined {
  try {
    const first = new Lexer(text).next();
    if (!complete && (first === undefined || first.end === text.length)) return undefined;
    return isKeyword(first, 'INSERT');
  } catch (error) {
    if (error instanceof LexicalError && error.incomplete && !complete) return undefined;
    if (error instanceof LexicalError) throw refusal('SYNTAX_ERROR', `Syntax error: ${error.message}`);
    throw error;
  }
}

/**
 * Finds where the statement ends and its data begins, as the engine's own parser would, so that the two can
 * travel apart: what is data here is never parsed as SQL.
 * @param text latin1 (one character a byte), beginning with INSERT
 * @throws StoreError when the statement is refused
 */
export function readInsert(text: string, context: InsertContext): InsertReading {
  try {
    return new InsertReader(text, context).read();
  } catch (error) {
    if (error instanceof NeedMore) return { found: 'incomplete' };
    if (!(error instanceof LexicalError)) throw error;
    if (error.incomplete && !context.complete) return { found: 'incomplete' };
    throw refusal('SYNTAX_ERROR', `Syntax error: ${error.message}`);
  }
}

class NeedMore extends Error {}

/** Brackets in brackets in a head: the engine parses it on a small stack. */
const DEPTH_LIMIT = 16;

class InsertReader {
  readonly #lexer: Lexer;
  readonly #tokens: Token[] = [];
  #peeked: Token | undefined;
  #hasPeeked = false;

  constructor(
    private readonly text: string,
    private readonly context: InsertContext,
  ) {
    this.#lexer = new Lexer(text);
  }

  read(): InsertReading {
    this.#take(); // INSERT
    if (isKeyword(this.#peek(), 'INTO')) this.#take();
    if (isKeyword(this.#peek(), 'TABLE')) this.#take();
    if (isKeyword(this.#peek(), 'FUNCTION'))
      throw refusal('ACCESS_DENIED', 'INSERT INTO FUNCTION is not allowed here');
    const table = this.#table();
    const columns = this.#columns();
    if (columns === 'select') return { found: 'select' };
    const settings = isKeyword(this.#peek(), 'SETTINGS') ? this.#settings() : new Map<string, string>();
    const end = this.#formatAndEnd();
    if (end === 'select') return { found: 'select' };
    judge(this.#tokens, this.context.access);
    const { tables, database } = this.context;
    judgeTarget(this.#tokens, { tables, database });
    judgeIdentifierParameters(this.#tokens, new Map());
    const target = `INSERT INTO ${table} ${columns}`.trimEnd();
    return { found: 'data', head: { target: utf8(target), settings, ...end } };
  }

  #table(): string {
    const first = this.#demandName();
    if (!isSymbol(this.#peek(), '.')) {
      const { database } = this.context;
      const name = this.text.slice(first.start, first.end);
      return database === undefined ? name : `\`${database}\`.${name}`;
    }
    this.#take();
    const second = this.#demandName();
    return `${this.text.slice(first.start, first.end)}.${this.text.slice(second.start, second.end)}`;
  }

  /** The list in parentheses, '' if there is none, or 'select' when a parenthesised SELECT follows. */
  #columns(): string {
    const open = this.#peek();
    if (!isSymbol(open, '(') || open === undefined) return '';
    this.#take();
    if (isKeyword(this.#peek(), 'SELECT', 'WITH', 'FROM') || isSymbol(this.#peek(), '(')) return 'select';
    let depth = 1;
    let last = open;
    while (depth > 0) {
      last = this.#demand('a closing parenthesis');
      if (isSymbol(last, '(')) depth += 1;
      if (isSymbol(last, ')')) depth -= 1;
      demandDepth(depth);
    }
    return this.#slice(open.start, last.end);
  }

  #settings(): Map<string, string> {
    const settings = new Map<string, string>();
    this.#take(); // SETTINGS
    for (;;) {
      const name = this.#demandName();
      if (!isSymbol(this.#demand("'='"), '='))
        throw refusal('SYNTAX_ERROR', "Syntax error: '=' expected in SETTINGS");
      const from = this.#demand('a value');
      let last = from;
      let depth = isSymbol(from, '[') || isSymbol(from, '{') ? 1 : 0;
      while (!(depth === 0 && this.#endsValue(this.#peek()))) {
        last = this.#demand('the end of SETTINGS');
        if (last.kind === 'symbol' && '([{'.includes(last.text)) depth += 1;
        if (last.kind === 'symbol' && ')]}'.includes(last.text)) depth -= 1;
        demandDepth(depth);
      }
      settings.set(name.text, utf8(this.#slice(from.start, last.end)));
      if (!isSymbol(this.#peek(), ',')) return settings;
      this.#take();
    }
  }

  #endsValue(token: Token | undefined): boolean {
    return (
      token === undefined ||
      isSymbol(token, ',') ||
      isKeyword(token, 'FORMAT', 'VALUES', 'SELECT', 'WITH', 'FROM')
    );
  }

  #formatAndEnd(): { format: string; dataAt: number } | 'select' {
    const token = this.#peek();
    if (token === undefined) return { format: this.context.defaultFormat, dataAt: this.text.length };
    if (isKeyword(token, 'SELECT', 'WITH') || isSymbol(token, '(')) return 'select';
    // FROM INFILE reads a file of this machine; FROM t SELECT … is another spelling of SELECT.
    if (isKeyword(token, 'FROM')) return 'select';
    if (isKeyword(token, 'FORMAT')) {
      this.#take();
      const name = this.#demandName();
      return { format: name.text, dataAt: this.#dataAfter(name.end) };
    }
    if (isKeyword(token, 'VALUES')) {
      this.#take();
      return { format: 'Values', dataAt: this.#dataAfter(token.end) };
    }
    throw refusal(
      'SYNTAX_ERROR',
      `Syntax error: FORMAT, VALUES or SELECT expected at position ${token.start}`,
    );
  }

  /** Data starts after blanks and at most one newline behind the last word of the statement. */
  #dataAfter(end: number): number {
    let at = end;
    while (' \t\f'.includes(this.text[at] ?? 'x')) at += 1;
    if (this.text[at] === ';')
      throw refusal('SYNTAX_ERROR', "Syntax error: there is a ';' before the data of the INSERT");
    if (this.text[at] === '\r') at += 1;
    if (this.text[at] === '\n') at += 1;
    if (at >= this.text.length && !this.context.complete) throw new NeedMore();
    return at;
  }

  #slice(start: number, end: number): string {
    const inside = this.#lexer.comments.filter((comment) => comment.start >= start && comment.end <= end);
    const shifted = inside.map((comment) => ({ start: comment.start - start, end: comment.end - start }));
    return withoutComments(this.text.slice(start, end), shifted);
  }

  #peek(): Token | undefined {
    if (!this.#hasPeeked) {
      this.#peeked = this.#lexer.next();
      this.#hasPeeked = true;
      const touchesEnd = this.#peeked === undefined || this.#peeked.end === this.text.length;
      if (touchesEnd && !this.context.complete) throw new NeedMore();
    }
    return this.#peeked;
  }

  #take(): Token | undefined {
    const token = this.#peek();
    this.#hasPeeked = false;
    if (token !== undefined) this.#tokens.push(token);
    return token;
  }

  #demand(what: string): Token {
    const token = this.#take();
    if (token === undefined)
      throw refusal('SYNTAX_ERROR', `Syntax error: ${what} expected at the end of the INSERT`);
    return token;
  }

  #demandName(): Token {
    const token = this.#demand('a name');
    if (isName(token)) return token;
    throw refusal('SYNTAX_ERROR', 'Syntax error: a name expected in the INSERT');
  }
}

function demandDepth(depth: number): void {
  if (depth > DEPTH_LIMIT)
    throw refusal('SYNTAX_ERROR', `Brackets in an INSERT nest deeper than ${DEPTH_LIMIT}`);
}
