import { refusal } from '../errors.js';
import { isKeyword, isName, isSymbol, type Token } from './lexer.js';

/** Where the INSERTs of a request may go. */
export interface TargetRules {
  /** `database.table`, exactly as named; undefined leaves all open that the user's access opens. */
  readonly tables: readonly string[] | undefined;
  /** Database of a table that is named without one. */
  readonly database: string | undefined;
}

/** A statement that writes nothing, or a user who may write wherever their access lets them. */
export const ANY_TARGET: TargetRules = { tables: undefined, database: undefined };

/**
 * Judges which table an INSERT writes to, as the engine will resolve its name.
 * @param tokens of an INSERT (with data, or with a SELECT)
 * @throws StoreError `ACCESS_DENIED` for a table that is not listed, and for a target that cannot be told.
 */
export function judgeTarget(tokens: readonly Token[], rules: TargetRules): void {
  const { tables } = rules;
  if (tables === undefined) return;
  const table = targetOf(tokens, rules.database);
  if (table === undefined) {
    throw refusal(
      'ACCESS_DENIED',
      'This user may only write INSERT INTO database.table: no WITH before it, no other target',
    );
  }
  if (!tables.includes(table)) {
    throw refusal('ACCESS_DENIED', `INSERT INTO ${table.slice(0, 130)} is not open to this user`);
  }
}

/** `database.table`; undefined when the statement does not plainly say so. */
function targetOf(tokens: readonly Token[], database: string | undefined): string | undefined {
  if (!isKeyword(tokens[0], 'INSERT')) return undefined;
  let at = 1;
  if (isKeyword(tokens[at], 'INTO')) at += 1;
  if (isKeyword(tokens[at], 'TABLE')) at += 1;
  const first = tokens[at];
  if (!isName(first) || isKeyword(first, 'FUNCTION')) return undefined;
  if (!isSymbol(tokens[at + 1], '.')) return database === undefined ? undefined : `${database}.${first.text}`;
  const second = tokens[at + 2];
  if (!isName(second) || isSymbol(tokens[at + 3], '.')) return undefined;
  return `${first.text}.${second.text}`;
}
