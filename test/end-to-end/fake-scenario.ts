/** What the stand-in for the API says: the world that a test wants the page to show. */
export interface FakeDrop {
  readonly reason: string;
  readonly cause: string;
  readonly fault: string;
  readonly explanation: string;
  readonly remedy: string;
  /** Packets in the step that ended this many seconds before now. */
  readonly packets: (secondsAgo: number, stepSeconds: number) => number;
}

export interface Scenario {
  customers: string[];
  drops: Record<string, readonly FakeDrop[]>;
  /** Seconds before now, from–to, in which no window arrived. */
  gap: readonly [number, number] | undefined;
  /** Answer everything under /v1/customers with this instead. */
  failure: { status: number; code: string; title: string; detail: string } | undefined;
  /** How far the data lags behind now. */
  lagSeconds: number;
  pointsLost: number;
  latency: boolean;
}

export const FIREWALL: FakeDrop = {
  reason: 'NETFILTER_DROP',
  cause: 'policy',
  fault: 'customer',
  explanation: 'A firewall rule (nftables or iptables) in your own network namespace dropped the packet.',
  remedy:
    'List the rules with “nft list ruleset” in that namespace and look for the one whose counter rises.',
  packets: burst(300, 70, 6),
};

export const CLOSED_PORT: FakeDrop = {
  reason: 'NO_SOCKET',
  cause: 'no_listener',
  fault: 'customer',
  explanation: 'The packet reached your instance, but no socket was open on the port it was sent to.',
  remedy: 'Start the service that should listen there, or stop whatever sends to that port.',
  packets: burst(120, 50, 4),
};

export const PLATFORM: FakeDrop = {
  reason: 'platform',
  cause: 'platform',
  fault: 'platform',
  explanation: 'The packet was dropped by the platform, not by anything of yours.',
  remedy: 'Nothing to do on your side: we are told of these too.',
  packets: burst(420, 24, 3),
};

export const STALE_ACK: FakeDrop = {
  reason: 'TCP_OLD_ACK',
  cause: 'normal',
  fault: 'normal',
  explanation: 'TCP discarded a packet that it had no use for any more. This happens in healthy traffic.',
  remedy: 'Nothing to do.',
  packets: (secondsAgo) => (Math.floor(secondsAgo / 40) % 3 === 0 ? 1 : 0),
};

export function quietScenario(): Scenario {
  return {
    customers: ['acme', 'globex'],
    drops: { acme: [FIREWALL, CLOSED_PORT, PLATFORM, STALE_ACK], globex: [] },
    gap: undefined,
    failure: undefined,
    lagSeconds: 6,
    pointsLost: 0,
    latency: true,
  };
}

/** `total` packets spread over the `steps` steps of 10 s that begin `secondsAgo` before now. */
export function burst(secondsAgo: number, total: number, steps: number): FakeDrop['packets'] {
  const each = Math.floor(total / steps);
  return (ago, stepSeconds) => {
    const first = Math.ceil((secondsAgo - ago) / 10);
    let sum = 0;
    for (let index = first; index < first + Math.max(stepSeconds / 10, 1); index++) {
      if (index >= 0 && index < steps) sum += index === steps - 1 ? total - each * (steps - 1) : each;
    }
    return sum;
  };
}
