import type { Cause } from './causes.js';

/**
 * Every core drop reason of kernels 5.17 to 6.18 (`enum skb_drop_reason`, without SKB_DROP_REASON_) and the
 * few that came after, by cause. Names, never numbers: the numbers move from kernel to kernel.
 * A test holds this list to the running kernel's BTF.
 */
const REASONS: Readonly<Record<Cause, readonly string[]>> = {
  // Measured in healthy traffic: QUEUE_PURGE once a closed connection, TCP_OLD_DATA and TCP_OLD_SEQUENCE
  // under spurious retransmits, TCP_ABORT_ON_DATA when a client closes early. OTHERHOST is a frame for
  // somebody else on a shared segment; UNIX_* are no packets at all.
  normal: [
    'QUEUE_PURGE',
    'TCP_OLD_DATA',
    'TCP_OLD_SEQUENCE',
    'TCP_OLD_ACK',
    'TCP_TOO_OLD_ACK',
    'TCP_ABORT_ON_DATA',
    'TCP_OFOMERGE',
    'TCP_CLOSE',
    'TCP_RESET',
    'TCP_RFC7323_PAWS_ACK',
    'TCP_RFC7323_TW_PAWS',
    'SOCKET_CLOSE',
    'UNIX_DISCONNECT',
    'UNIX_SKIP_OOB',
    'OTHERHOST',
    'DUP_FRAG',
    'IPV6_NDISC_NS_OTHERHOST',
    'MAC_IEEE_MAC_CONTROL',
    'LOCAL_MAC',
    'VXLAN_ENTRY_EXISTS',
  ],
  no_listener: ['NO_SOCKET'],
  policy: [
    'NETFILTER_DROP',
    'SOCKET_FILTER',
    'TCP_FILTER',
    'UDP_FILTER',
    'XFRM_POLICY',
    'BPF_CGROUP_EGRESS',
    'SECURITY_HOOK',
    'TC_EGRESS',
    'TC_INGRESS',
    'XDP',
    'TAP_FILTER',
    'TAP_TXFILTER',
    'TCP_MINTTL',
    'IPV6DISABLED',
    'ARP_PVLAN_DISABLE',
    'BRIDGE_INGRESS_STP_STATE',
    'TC_COOKIE_ERROR',
    'TC_CHAIN_NOTFOUND',
    'TC_RECLASSIFY_LOOP',
    'UNICAST_IN_L2_MULTICAST',
  ],
  anti_spoof: ['IP_RPFILTER', 'IP_LOCAL_SOURCE', 'IP_INVALID_SOURCE', 'IP_LOCALNET', 'MAC_INVALID_SOURCE'],
  receiver_buffer: [
    'SOCKET_RCVBUFF',
    'SOCKET_BACKLOG',
    'TCP_ZEROWINDOW',
    'TCP_OVERWINDOW',
    'TCP_LISTEN_OVERFLOW',
    'TCP_OFO_QUEUE_PRUNE',
    'TCP_OFO_DROP',
    'PACKET_SOCK_ERROR',
  ],
  host_congestion: [
    'PROTO_MEM',
    'QDISC_DROP',
    'QDISC_OVERLIMIT',
    'QDISC_CONGESTED',
    'CAKE_FLOOD',
    'DUALPI2_STEP_DROP',
    'FQ_BAND_LIMIT',
    'FQ_HORIZON_LIMIT',
    'FQ_FLOW_LIMIT',
    'CPU_BACKLOG',
    'FULL_RING',
    'NOMEM',
    'PFMEMALLOC',
    'SKB_UCOPY_FAULT',
    'SEG6_MOBILE_NOMEM',
  ],
  routing: [
    'IP_INNOROUTES',
    'IP_OUTNOROUTES',
    'IP_INADDRERRORS',
    'IP_INVALID_DEST',
    'NEIGH_CREATEFAIL',
    'NEIGH_FAILED',
    'NEIGH_QUEUEFULL',
    'NEIGH_DEAD',
    'NEIGH_HH_FILLFAIL',
    'DEV_READY',
    'NO_TX_TARGET',
    'VXLAN_VNI_NOT_FOUND',
    'TUNNEL_TXINFO',
    'RECURSION_LIMIT',
  ],
  mtu_fragment: ['PKT_TOO_BIG', 'FRAG_REASM_TIMEOUT', 'FRAG_TOO_FAR', 'IPV6_NDISC_FRAG'],
  malformed: [
    'PKT_TOO_SMALL',
    'TCP_CSUM',
    'UDP_CSUM',
    'IP_CSUM',
    'ICMP_CSUM',
    'SKB_CSUM',
    'SKB_GSO_SEG',
    'IP_INHDR',
    'IP_NOPROTO',
    'HDR_TRUNC',
    'DEV_HDR',
    'INVALID_PROTO',
    'UNHANDLED_PROTO',
    'PTYPE_ABSENT',
    'TCP_FLAGS',
    'TCP_RFC7323_PAWS',
    'TCP_RFC7323_TSECR',
    'TCP_INVALID_SEQUENCE',
    'TCP_INVALID_END_SEQUENCE',
    'TCP_INVALID_ACK_SEQUENCE',
    'TCP_INVALID_SYN',
    'TCP_ACK_UNSENT_DATA',
    'TCP_FASTOPEN',
    'IPV6_BAD_EXTHDR',
    'IPV6_NDISC_HOP_LIMIT',
    'IPV6_NDISC_BAD_CODE',
    'IPV6_NDISC_BAD_OPTIONS',
    'VXLAN_INVALID_HDR',
    'IP_TUNNEL_ECN',
    'CAN_RX_INVALID_FRAME',
    'CANFD_RX_INVALID_FRAME',
    'CANXL_RX_INVALID_FRAME',
    'SEG6_MOBILE_INVALID_SRH_SL',
  ],
  auth: [
    'TCP_AUTH_HDR',
    'TCP_MD5NOTFOUND',
    'TCP_MD5UNEXPECTED',
    'TCP_MD5FAILURE',
    'TCP_AONOTFOUND',
    'TCP_AOUNEXPECTED',
    'TCP_AOKEYNOTFOUND',
    'TCP_AOFAILURE',
    'PSP_INPUT',
    'PSP_OUTPUT',
  ],
  unknown: ['NOT_SPECIFIED'],
};

const causeByReason: ReadonlyMap<string, Cause> = new Map(
  typedEntries(REASONS).flatMap(([cause, reasons]) => reasons.map((reason) => [reason, cause] as const)),
);

function typedEntries(reasons: typeof REASONS): [Cause, readonly string[]][] {
  const entries: [Cause, readonly string[]][] = [];
  let cause: Cause;
  for (cause in reasons) entries.push([cause, reasons[cause]]);
  return entries;
}

/** Every reason that the taxonomy knows, with its cause. */
export function knownReasons(): ReadonlyMap<string, Cause> {
  return causeByReason;
}

/** The cause of a drop reason by its kernel name; `unknown` for a name that is not in the taxonomy. */
export function classify(reason: string): Cause {
  return causeByReason.get(reason) ?? 'unknown';
}

/** False for a name that the taxonomy lacks: whoever meets one raises a self-alert. */
export function isKnownReason(reason: string): boolean {
  return causeByReason.has(reason);
}
