/**
 * A piece of SQL text. Only literals of this code become one, values never: those are bound as
 * parameters by the server. So there is nothing that a request could be injected into.
 */
export class Sql {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  get text(): string {
    return this.#text;
  }

  /** Joins literal pieces of a template with other pieces; see {@link sql}. */
  static join(literals: readonly string[], pieces: readonly Sql[]): Sql {
    return new Sql(literals.map((literal, index) => literal + (pieces[index]?.text ?? '')).join(''));
  }
}

/** Template tag: `` sql`SELECT host FROM ${table}` ``. What is put in must be Sql itself. */
export function sql(literals: TemplateStringsArray, ...pieces: Sql[]): Sql {
  return Sql.join(literals, pieces);
}
