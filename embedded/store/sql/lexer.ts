/**
 * Splits a statement the way the engine's own lexer does, so that the gate sees what the engine will see.
 *
 * Text comes as latin1 (one character a byte): positions are byte offsets, and binary data behind an INSERT
 * does no harm. Where engine versions differ in what a character starts (`//` and `#` comments, `$heredoc$`,
 * typographic quotes), the text is refused instead of guessed at.
 */
export type TokenKind = 'word' | 'quoted' | 'string' | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  /** Words and symbols as written; of quoted identifiers and strings what stands between the quotes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export class LexicalError extends Error {
  constructor(
    message: string,
    /** True when more text could still make it right (an open quote or comment at the end). */
    readonly incomplete: boolean,
  ) {
    super(message);
    this.name = 'LexicalError';
  }
}

const SPACE = /[ \t\n\r\f\v]+/y;
const WORD = /[A-Za-z0-9_][A-Za-z0-9_$]*/y;
const QUOTES: Readonly<Record<string, TokenKind>> = { "'": 'string', '"': 'quoted', '`': 'quoted' };
/** Characters that start something which the engine may read in another way than this lexer. */
const REFUSED: Readonly<Record<string, string>> = {
  $: 'a heredoc ($…$): use a quoted string',
  '#': 'a comment that starts with #: use --',
  '\\': 'a backslash outside a string',
};

export class Lexer {
  #at: number;
  readonly #text: string;
  /** Where comments stand: the statement is passed on without them. */
  readonly comments: { readonly start: number; readonly end: number }[] = [];

  constructor(text: string, from = 0) {
    this.#text = text;
    this.#at = from;
  }

  get position(): number {
    return this.#at;
  }

  /**
   * The next token, or undefined at the end.
   * @throws LexicalError for what is not closed or not accepted.
   */
  next(): Token | undefined {
    this.#skipBlanks();
    const start = this.#at;
    const character = this.#text[start];
    if (character === undefined) return undefined;
    const quoteKind = QUOTES[character];
    if (quoteKind !== undefined) return this.#quoted(character, quoteKind);
    WORD.lastIndex = start;
    const word = WORD.exec(this.#text);
    if (word !== null) return this.#token('word', start, start + word[0].length);
    const refused = REFUSED[character];
    if (refused !== undefined) throw new LexicalError(`the store does not take ${refused}`, false);
    const code = character.charCodeAt(0);
    if (code < 0x20 || code > 0x7e) {
      throw new LexicalError(`byte 0x${code.toString(16)} at position ${start} stands outside quotes`, false);
    }
    return this.#token('symbol', start, start + 1);
  }

  #token(kind: TokenKind, start: number, end: number): Token {
    this.#at = end;
    return { kind, text: this.#text.slice(start, end), start, end };
  }

  #skipBlanks(): void {
    for (;;) {
      SPACE.lastIndex = this.#at;
      const space = SPACE.exec(this.#text);
      if (space !== null) this.#at += space[0].length;
      const pair = this.#text.slice(this.#at, this.#at + 2);
      if (pair === '//') throw new LexicalError('the store does not take a // comment: use --', false);
      if (pair === '--') this.#comment(this.#endOfLine());
      else if (pair === '/*') this.#comment(this.#endOfBlockComment());
      else return;
    }
  }

  #comment(end: number): void {
    this.comments.push({ start: this.#at, end });
    this.#at = end;
  }

  #endOfLine(): number {
    const newline = this.#text.indexOf('\n', this.#at);
    return newline === -1 ? this.#text.length : newline;
  }

  /** Block comments nest, as in the SQL standard. */
  #endOfBlockComment(): number {
    let depth = 0;
    for (let at = this.#at; at + 1 < this.#text.length;) {
      const pair = this.#text.slice(at, at + 2);
      if (pair === '/*') depth += 1;
      else if (pair === '*/') depth -= 1;
      else {
        at += 1;
        continue;
      }
      at += 2;
      if (depth === 0) return at;
    }
    throw new LexicalError('a /* comment is not closed', true);
  }

  #quoted(quote: string, kind: TokenKind): Token {
    const start = this.#at;
    for (let at = start + 1; at < this.#text.length; at += 1) {
      const character = this.#text[at];
      if (character === '\\') at += 1;
      else if (character === quote) {
        if (this.#text[at + 1] === quote) at += 1;
        else {
          this.#at = at + 1;
          return { kind, text: this.#text.slice(start + 1, at), start, end: at + 1 };
        }
      }
    }
    throw new LexicalError(`a ${quote} is not closed`, true);
  }
}

export interface LexedStatement {
  readonly tokens: readonly Token[];
  /** The text with each comment replaced by a space. */
  readonly text: string;
}

/** All tokens of one statement. */
export function lex(text: string): LexedStatement {
  const lexer = new Lexer(text);
  const tokens: Token[] = [];
  for (let token = lexer.next(); token !== undefined; token = lexer.next()) tokens.push(token);
  return { tokens, text: withoutComments(text, lexer.comments) };
}

/** Blanks comments out, keeping every position. */
export function withoutComments(
  text: string,
  comments: readonly { readonly start: number; readonly end: number }[],
): string {
  let clean = '';
  let at = 0;
  for (const { start, end } of comments) {
    clean += text.slice(at, start) + ' '.repeat(end - start);
    at = end;
  }
  return clean + text.slice(at);
}

/** Whether a token is this keyword (unquoted, any case). */
export function isKeyword(token: Token | undefined, ...keywords: readonly string[]): boolean {
  return token?.kind === 'word' && keywords.includes(token.text.toUpperCase());
}

export function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === 'symbol' && token.text === symbol;
}

/** A name, bare or quoted. */
export function isName(token: Token | undefined): token is Token {
  return token?.kind === 'word' || token?.kind === 'quoted';
}
