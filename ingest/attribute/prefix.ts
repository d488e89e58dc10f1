import ipaddr from 'ipaddr.js';

/** An address prefix in the 128-bit form that the loader takes. */
export interface Prefix {
  /** As people write it, normal form: `10.1.0.0/16`. */
  readonly text: string;
  /** 16 bytes; IPv4 as ::ffff:a.b.c.d. */
  readonly address: Uint8Array;
  /** Of the 128-bit form: IPv4 /24 is 120. */
  readonly length: number;
}

const IPV4_BITS_BEFORE = 96;

/** @returns the prefix, or what is wrong with it */
export function parsePrefix(text: string): Prefix | string {
  if (!ipaddr.isValidCIDR(text)) return 'must be a CIDR such as 10.1.0.0/16 or 2001:db8::/48';
  const [address, bits] = ipaddr.parseCIDR(text);
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()) {
    return 'must be written as IPv4, not as ::ffff:…';
  }
  const network =
    address instanceof ipaddr.IPv4
      ? ipaddr.IPv4.networkAddressFromCIDR(text)
      : ipaddr.IPv6.networkAddressFromCIDR(text);
  const normal = `${network.toString()}/${bits}`;
  if (network.toNormalizedString() !== address.toNormalizedString()) {
    return `has bits set behind its /${bits}; did you mean ${normal}?`;
  }
  const mapped = network instanceof ipaddr.IPv4 ? network.toIPv4MappedAddress() : network;
  const length = network instanceof ipaddr.IPv4 ? bits + IPV4_BITS_BEFORE : bits;
  return { text: normal, address: Uint8Array.from(mapped.toByteArray()), length };
}

/** Textual address of the 16-byte form; '' when the packet was not IP. */
export function addressText(bytes: Uint8Array, ipVersion: number): string {
  if (ipVersion !== 4 && ipVersion !== 6) return '';
  const address = ipaddr.fromByteArray([...bytes]);
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress())
    return address.toIPv4Address().toString();
  return address.toString();
}
