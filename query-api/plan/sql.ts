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

  /** The pieces with one between any two. */
  static list(pieces: readonly Sql[], between: Sql): Sql {
    return new Sql(pieces.map(({ text }) => text).join(between.text));
  }

  /**
   * Where a value is bound, for names that are made by counting.
   * @throws Error when the name is no plain word: a mistake in a plan.
   */
  static placeholder(name: string, type: 'Int64'): Sql {
    if (!/^[a-z]+(_[a-z0-9]+)*$/.test(name)) throw new Error(`${name} is no name of a parameter`);
    return new Sql(`{${name}:${type}}`);
  }
}

/** Template tag: `` sql`SELECT host FROM ${table}` ``. What is put in must be Sql itself. */
export function sql(literals: TemplateStringsArray, ...pieces: Sql[]): Sql {
  return Sql.join(literals, pieces);
}
