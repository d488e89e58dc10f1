import type { Cause, Fault } from './causes.js';

/** Where in its path a packet was dropped. */
export type DropPlace =
  | 'unknown'
  | 'device_rx'
  | 'prerouting'
  | 'input'
  | 'socket'
  | 'forward'
  | 'postrouting'
  | 'output'
  | 'qdisc'
  | 'tx';

export interface FaultContext {
  /** Somebody owns what the packet belongs to; without an owner no fault is a customer's. */
  readonly owned: boolean;
  /** The packet was in the network namespace of the host, which is the platform's. */
  readonly inHostNetns: boolean;
  /** The packet was in a network namespace that is the owner's own. */
  readonly inOwnersNetns: boolean;
  /** The packet was charged to a socket that is the owner's, wherever that socket lives. */
  readonly ownersSocket: boolean;
}

/** The packet was being sent, rather than received or passed on. */
function isOutgoing(place: DropPlace): boolean {
  return place === 'output' || place === 'qdisc' || place === 'tx' || place === 'postrouting';
}

function isIncoming(place: DropPlace): boolean {
  return place === 'device_rx' || place === 'prerouting' || place === 'input' || place === 'socket';
}

/**
 * Whose fault a drop is: a function of its cause, of where in its path the packet was, and of whose
 * network namespace that was. The same NETFILTER_DROP is the customer's rule in the customer's own
 * namespace and the platform's policy anywhere else.
 */
export function faultOf(cause: Cause, place: DropPlace, context: FaultContext): Fault {
  const fault = faultOfOwner(cause, place, context);
  if (fault !== 'customer' || context.owned) return fault;
  // Nobody's packet in the host's own namespace is the platform's; elsewhere it is not known whose it is.
  return context.inHostNetns ? 'platform' : 'unknown';
}

function faultOfOwner(cause: Cause, place: DropPlace, context: FaultContext): Fault {
  const own = context.inOwnersNetns && !context.inHostNetns;
  switch (cause) {
    case 'normal':
      return 'normal';
    case 'unknown':
      return 'unknown';
    // Whoever runs the receiver decides what listens; whoever sends decides with which source address.
    case 'no_listener':
    case 'anti_spoof':
      return 'customer';
    case 'receiver_buffer':
      return own || context.ownersSocket ? 'customer' : 'platform';
    case 'policy':
    case 'routing':
    case 'auth':
      return own ? 'customer' : 'platform';
    case 'host_congestion':
      return own && isOutgoing(place) ? 'customer' : 'platform';
    case 'mtu_fragment':
    case 'malformed':
      if (own && isOutgoing(place)) return 'customer';
      // What came in broken, or in pieces of which some are missing, was so before it came here.
      if (isIncoming(place) || cause === 'malformed') return 'external';
      return 'platform';
  }
}
