export type Role = 'customer' | 'operator';

/**
 * Who sends a request, as the token says. Its private field makes the type nominal: an object
 * that merely looks like a principal is not one, so none comes from a request's own words.
 */
export class Principal {
  readonly #customer: string | null;

  private constructor(
    /** Public name of the token, for logs. */
    readonly tokenId: string,
    readonly role: Role,
    customer: string | null,
  ) {
    this.#customer = customer;
  }

  /** Made from a row of the token table and nowhere else. */
  static ofToken(row: { readonly id: string; readonly role: Role; readonly customer: string }): Principal {
    return new Principal(row.id, row.role, row.role === 'customer' ? row.customer : null);
  }

  /** The customer whose data this token opens; null for an operator, who may read all. */
  get customer(): string | null {
    return this.#customer;
  }
}
