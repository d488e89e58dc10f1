import { BellwetherError } from '../../common/runtime/errors.js';
import type { Principal } from '../../common/auth/principal.js';

/** Who will read the answer: an operator sees the platform's own reasons, a customer does not. */
export type Audience = 'customer' | 'operator';

/**
 * What a query may touch. No query can be built without one, and one can only be got from a verified
 * principal; the private fields make the types nominal, so an object literal is none.
 */
export type Scope = CustomerScope | FleetScope;

/** One customer's rows and nothing else. */
export class CustomerScope {
  readonly kind = 'customer';
  readonly #customer: string;

  private constructor(
    customer: string,
    readonly audience: Audience,
  ) {
    this.#customer = customer;
  }

  get customer(): string {
    return this.#customer;
  }

  /**
   * The scope of a path `/v1/customers/{customer}/…`. It compares two strings and looks nothing up, so
   * neither the words nor the time of a refusal tell whether the other customer exists.
   * @throws BellwetherError `forbidden` when the token is another customer's.
   */
  static grant(principal: Principal, customer: string): CustomerScope {
    if (principal.role === 'operator') return new CustomerScope(customer, 'operator');
    if (principal.customer === customer) return new CustomerScope(principal.customer, 'customer');
    throw new BellwetherError(
      'forbidden',
      "this path is not open to this token; a customer's token opens that customer's paths only",
    );
  }
}

/** All rows of the fleet. */
export class FleetScope {
  readonly kind = 'fleet';
  readonly #audience: Audience = 'operator';

  private constructor() {}

  get audience(): Audience {
    return this.#audience;
  }

  /** @throws BellwetherError `forbidden` unless the token is an operator's. */
  static grant(principal: Principal): FleetScope {
    if (principal.role === 'operator') return new FleetScope();
    throw new BellwetherError('forbidden', "this path is open to operators' tokens only");
  }
}
