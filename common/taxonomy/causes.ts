/** What a drop comes from, in words that a customer understands. */
export type Cause =
  | 'normal'
  | 'no_listener'
  | 'policy'
  | 'anti_spoof'
  | 'receiver_buffer'
  | 'host_congestion'
  | 'routing'
  | 'mtu_fragment'
  | 'malformed'
  | 'auth'
  | 'unknown';

/** Who can do something about it. */
export type Fault = 'customer' | 'platform' | 'external' | 'normal' | 'unknown';

/** One plain sentence of what happened and one of what to do. */
export interface Words {
  readonly explanation: string;
  readonly remedy: string;
}

export interface CauseEntry extends Words {
  /** Where the words depend on whose fault it is. */
  readonly byFault?: Readonly<Partial<Record<Fault, Words>>>;
}

export const CAUSES: Readonly<Record<Cause, CauseEntry>> = Object.freeze({
  normal: {
    explanation:
      'Packets that healthy connections discard, such as late duplicates or data left over after a close.',
    remedy: 'Nothing needs to be done.',
  },
  no_listener: {
    explanation: 'Packets arrived for a port on which nothing was listening.',
    remedy: 'Start the service, or correct the address and port that the sender uses.',
  },
  policy: {
    explanation: 'A firewall rule, packet filter or traffic policy dropped the packets.',
    remedy: 'Check which rule matches these packets and whether it is meant to.',
    byFault: {
      customer: {
        explanation: 'A firewall rule or packet filter inside your own network dropped the packets.',
        remedy: 'Check the rules of your instance (nft list ruleset) and allow this traffic if it is wanted.',
      },
      platform: {
        explanation:
          "A rule of the platform's network dropped the packets before they reached their destination.",
        remedy: 'Ask support which rule applies if this traffic should be allowed.',
      },
    },
  },
  anti_spoof: {
    explanation: 'The packets carried a source address that is not valid where they came from.',
    remedy: 'Send only from addresses that are assigned to your interface, and check for asymmetric routes.',
  },
  receiver_buffer: {
    explanation: 'The receiving application did not read fast enough, so its socket buffer was full.',
    remedy: 'Make the application read faster or give it a larger receive buffer (SO_RCVBUF).',
    byFault: {
      platform: {
        explanation: 'A service of the platform did not read fast enough, so its socket buffer was full.',
        remedy: 'The platform operators have to give that service more capacity; nothing is needed from you.',
      },
    },
  },
  host_congestion: {
    explanation: 'A queue on the way was full because more packets came than could be passed on.',
    remedy: 'Lower the rate, spread the bursts, or raise the queue length or bandwidth at that point.',
    byFault: {
      customer: {
        explanation:
          'The sending queue inside your instance was full because it sends faster than it may or can.',
        remedy:
          'Lower or smooth the sending rate, or raise the limit of the queueing discipline of your interface.',
      },
      platform: {
        explanation: 'A queue or the memory of the host was exhausted, so it could not pass the packets on.',
        remedy: 'The platform operators have to relieve this host; nothing is needed from you.',
      },
    },
  },
  routing: {
    explanation:
      'There was no way to the destination: no route, no neighbour that answered, or no usable device.',
    remedy: 'Check the route to the destination and that the destination or gateway answers.',
    byFault: {
      customer: {
        explanation:
          'Your instance had no way to the destination: no route, or a neighbour that did not answer.',
        remedy:
          'Check the routes and addresses of your instance (ip route get), and that the destination is up.',
      },
      platform: {
        explanation: "The platform's network had no way to the destination.",
        remedy: 'Check the destination address; if it is right, tell support when this began.',
      },
    },
  },
  mtu_fragment: {
    explanation: 'The packets were larger than the path takes, or their fragments did not all arrive.',
    remedy: 'Lower the MTU or MSS of the sender and let ICMP "fragmentation needed" through.',
    byFault: {
      external: {
        explanation:
          'Fragments of packets from outside were lost or damaged on the way, so they could not be put together.',
        remedy: 'Lower the packet size of the sender so that it does not fragment.',
      },
      platform: {
        explanation: "The packets were larger than the platform's network takes on this path.",
        remedy: 'Lower the MTU of your interface, or tell support if the promised MTU is not reached.',
      },
    },
  },
  malformed: {
    explanation:
      'The packets broke a rule of their protocol: a wrong checksum, header, length or state, or no hops left.',
    remedy: 'Look at the sender of these packets, its network card offloads and the equipment on the way.',
    byFault: {
      customer: {
        explanation:
          'Your instance made packets that break a rule of their protocol or that it does not support.',
        remedy:
          'Check the program that sends raw packets or tunnels, and the offload settings of the interface.',
      },
      external: {
        explanation:
          'Packets from outside broke a rule of their protocol: a wrong checksum, header, length or state.',
        remedy: 'Nothing needs to be done unless a peer of yours complains; then look at its equipment.',
      },
    },
  },
  auth: {
    explanation: 'The packets failed an authentication or encryption check (TCP-MD5, TCP-AO, PSP, IPsec).',
    remedy: 'Make sure that both ends use the same keys and that the clocks and key lifetimes agree.',
  },
  unknown: {
    explanation: 'The kernel did not say why it dropped the packets.',
    remedy: 'Tell support the time and the addresses if something of yours did not work.',
  },
} satisfies Record<Cause, CauseEntry>);

/** What a customer reads where the reason is internal to the platform. */
export const PLATFORM_WORDS: Words = Object.freeze({
  explanation: "The platform's network or host dropped these packets; your instances did nothing wrong.",
  remedy: 'Nothing is needed from you; tell support if it goes on.',
});

/** The words for a cause, as they apply to that fault. */
export function wordsOf(cause: Cause, fault: Fault): Words {
  const entry = CAUSES[cause];
  const { explanation, remedy } = entry.byFault?.[fault] ?? entry;
  return { explanation, remedy };
}

const causeNames: ReadonlySet<string> = new Set(Object.keys(CAUSES));

export function isCause(name: string): name is Cause {
  return causeNames.has(name);
}

const FAULTS = ['customer', 'platform', 'external', 'normal', 'unknown'] as const satisfies readonly Fault[];

export function isFault(name: string): name is Fault {
  return FAULTS.some((fault) => fault === name);
}
