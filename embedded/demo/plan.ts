/** The demo's customers and network: plain data, so that whoever reads rules or answers can look it up here. */

export interface DemoCustomer {
  readonly customer: string;
  readonly app: string;
  readonly instance: string;
  /** Name of its network namespace. */
  readonly netns: string;
  readonly address: string;
  readonly gateway: string;
}

export interface DemoPlan {
  readonly router: string;
  readonly customers: readonly [DemoCustomer, DemoCustomer];
}

export const TCP_PORT = 8080;
export const UDP_PORT = 9090;

/** @param prefix put before each namespace name, so that several stacks can have a demo on one machine */
export function demoPlan(prefix: string): DemoPlan {
  return {
    router: `${prefix}bellwether-router`,
    customers: [
      {
        customer: 'acme',
        app: 'shop',
        instance: 'shop-1',
        netns: `${prefix}acme`,
        address: '10.77.1.2',
        gateway: '10.77.1.1',
      },
      {
        customer: 'globex',
        app: 'billing',
        instance: 'billing-1',
        netns: `${prefix}globex`,
        address: '10.77.2.2',
        gateway: '10.77.2.1',
      },
    ],
  };
}

/** The owners' file of the demo, as owners.d/ takes it. */
export function demoOwners(plan: DemoPlan): object {
  const rules = plan.customers.map(({ netns, customer, app, instance }) => ({
    netns,
    customer,
    app,
    instance,
  }));
  return { rules };
}
