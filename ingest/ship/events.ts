import type { DropEvent } from '../../common/wire/batch.js';
import type { DropEventFrame } from '../../common/wire/frames.gen.js';
import { addressText } from '../attribute/prefix.js';
import { dropFacts, type Attribute } from './drop-facts.js';

/** IPPROTO_* by name, as OpenTelemetry's `network.transport` and people write them. */
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [2, 'igmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

export function eventOf(frame: DropEventFrame, reason: string, attribute: Attribute): DropEvent {
  const isIp = frame.ipVersion === 4 || frame.ipVersion === 6;
  return {
    timeUnixNano: frame.timeUnixNs,
    ...dropFacts(frame, reason, attribute),
    protocol: isIp ? (PROTOCOLS.get(frame.protocol) ?? String(frame.protocol)) : '',
    sourceAddress: addressText(frame.sourceAddress, frame.ipVersion),
    sourcePort: frame.sourcePort,
    destinationAddress: addressText(frame.destinationAddress, frame.ipVersion),
    destinationPort: frame.destinationPort,
    lengthBytes: frame.lengthBytes,
    interfaceName: frame.subject.ifname,
  };
}
