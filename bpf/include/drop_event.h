/* SPDX-License-Identifier: Apache-2.0 */
/* drop_event.h: addresses and ports of a dropped packet, as far as its headers can be read. */
#ifndef BW_DROP_EVENT_H
#define BW_DROP_EVENT_H

#include "kernel.h"
#include "rows.h"

struct bw_addresses {
	__u8 ip_version; /* 4, 6, or 0: no IP header there */
	__u8 protocol;
	bool first_fragment; /* only there the transport header follows */
	__u8 pad;
	__u32 header_length;
	__u8 source[16];
	__u8 destination[16];
};

static __always_inline const void *bw_network_header(struct sk_buff *skb)
{
	return skb->head + skb->network_header;
}

static __always_inline void bw_read_ipv4(const void *header, struct bw_addresses *out)
{
	struct iphdr ip;

	if (bpf_probe_read_kernel(&ip, sizeof(ip), header))
		return;
	out->ip_version = 4;
	out->protocol = ip.protocol;
	out->first_fragment = !(ip.frag_off & bpf_htons(0x1fff));
	out->header_length = ip.ihl * 4;
	bw_map_ipv4(out->source, ip.saddr);
	bw_map_ipv4(out->destination, ip.daddr);
}

/* Extension headers are not followed: the protocol then is that of the first one. */
static __always_inline void bw_read_ipv6(const void *header, struct bw_addresses *out)
{
	struct ipv6hdr ip;

	if (bpf_probe_read_kernel(&ip, sizeof(ip), header))
		return;
	out->ip_version = 6;
	out->protocol = ip.nexthdr;
	out->first_fragment = true;
	out->header_length = sizeof(ip);
	__builtin_memcpy(out->source, &ip.saddr, 16);
	__builtin_memcpy(out->destination, &ip.daddr, 16);
}

/* Leaves ip_version 0 when there is no IP header (yet) where the packet says. */
static __always_inline void bw_read_addresses(struct sk_buff *skb, struct bw_addresses *out)
{
	const void *header = bw_network_header(skb);
	__u16 protocol = skb->protocol;
	__u8 first_byte = 0;

	bpf_probe_read_kernel(&first_byte, 1, header);
	if (protocol != bpf_htons(ETH_P_IPV6) && first_byte >> 4 == 4)
		bw_read_ipv4(header, out);
	else if (protocol != bpf_htons(ETH_P_IP) && first_byte >> 4 == 6)
		bw_read_ipv6(header, out);
}

static __always_inline void bw_read_ports(struct sk_buff *skb, const struct bw_addresses *addresses,
					  struct bw_drop_event *event)
{
	__u8 protocol = addresses->protocol;
	__be16 ports[2];

	if (!addresses->first_fragment || (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP))
		return;
	if (bpf_probe_read_kernel(ports, sizeof(ports),
				  bw_network_header(skb) + addresses->header_length))
		return;
	event->source_port = bpf_ntohs(ports[0]);
	event->destination_port = bpf_ntohs(ports[1]);
}

#endif
