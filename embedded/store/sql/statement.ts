import { refusal } from '../errors.js';
import type { Access } from '../users.js';
import { forbiddenAnywhere } from './forbidden.js';
import { judge, judgeInsertSelect, topLevel, type StatementKind } from './gate.js';
import { isKeyword, isName, isSymbol, lex, LexicalError, type LexedStatement, type Token } from './lexer.js';
import { ANY_TARGET, judgeTarget, type TargetRules } from './target.js';

/** A statement that passed the gate and holds no data of its own. */
export interface Statement {
  readonly kind: StatementKind;
  /** One statement, no comments, no semicolon at the end; UTF-8 is restored. */
  readonly text: string;
  /** The FORMAT clause, if there is one. */
  readonly format: string | undefined;
  /** Whether totals may follow the rows: chunks of a stream would not carry them. */
  readonly totals: boolean;
}

/**
 * Reads and judges one statement.
 * @param text latin1: one character a byte
 * @param parameters values of `{name:Type}`, looked at where the type is Identifier
 * @param target where an INSERT … SELECT may go
 */
export function readStatement(
  text: string,
  access: Access,
  parameters: ReadonlyMap<string, string>,
  target: TargetRules = ANY_TARGET,
): Statement {
  const lexed = lexOrRefuse(text);
  const tokens = withoutTrailingSemicolons(lexed.tokens);
  const kind = judge(tokens, access);
  if (kind === 'insert' || kind === 'insert-select') {
    judgeInsertSelect(tokens);
    judgeTarget(tokens, target);
  }
  judgeIdentifierParameters(tokens, parameters);
  const end = tokens.at(-1)?.end ?? 0;
  return {
    kind,
    text: utf8(lexed.text.slice(0, end)),
    format: formatClause(tokens),
    totals: tokens.some((token) => isKeyword(token, 'TOTALS')),
  };
}

export function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

export function lexOrRefuse(text: string): LexedStatement {
  try {
    return lex(text);
  } catch (error) {
    if (error instanceof LexicalError) throw refusal('SYNTAX_ERROR', `Syntax error: ${error.message}`);
    throw error;
  }
}

export function withoutTrailingSemicolons(tokens: readonly Token[]): readonly Token[] {
  let end = tokens.length;
  while (end > 0 && isSymbol(tokens[end - 1], ';')) end -= 1;
  return tokens.slice(0, end);
}

function formatClause(tokens: readonly Token[]): string | undefined {
  const outer = [...topLevel(tokens)];
  for (let index = outer.length - 2; index > 0; index -= 1) {
    const name = outer[index + 1];
    const after = outer[index + 2];
    if (!isKeyword(outer[index], 'FORMAT') || !isName(name)) continue;
    if (after === undefined || isKeyword(after, 'SETTINGS', 'INTO')) return name.text;
  }
  return undefined;
}

/** `{name:Identifier}` puts a parameter where a table or column is named. */
export function judgeIdentifierParameters(
  tokens: readonly Token[],
  parameters: ReadonlyMap<string, string>,
): void {
  for (let index = 0; index + 3 < tokens.length; index += 1) {
    const name = tokens[index + 1];
    if (!isSymbol(tokens[index], '{') || !isName(name) || !isSymbol(tokens[index + 2], ':')) continue;
    if (!isKeyword(tokens[index + 3], 'IDENTIFIER')) continue;
    const value = parameters.get(name.text) ?? '';
    if (!/^[A-Za-z_][A-Za-z0-9_.]*$/.test(value) || value.split('.').some(forbiddenAnywhere)) {
      throw refusal('BAD_ARGUMENTS', `Parameter ${name.text} is no plain name`);
    }
  }
}
