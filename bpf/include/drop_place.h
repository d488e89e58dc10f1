/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drop_place.h: where in its path a packet was dropped, read from its route and device.
 * The reason helps only where its name alone says the place (a queueing discipline, XDP).
 */
#ifndef BW_DROP_PLACE_H
#define BW_DROP_PLACE_H

#include "kernel.h"
#include "rows.h"

/* What the program reads of a packet once and then judges. */
struct bw_packet {
	struct sk_buff *skb;
	struct net_device *dev; /* NULL: at none */
	struct sock *sk;	/* the skb's: may be the sender's */
	struct sock *rx_sk;	/* of the socket that was to receive it, when the kernel tells */
	__u64 dev_netns_cookie; /* 0 without a device */
	__u32 ifindex;		/* of dev */
	__u32 iif;		/* of the device that it came in by, 0: made here */
	bool in_udp_queue;
	bool same_netns; /* sk and dev */
};

enum bw_route {
	BW_ROUTE_NONE,
	BW_ROUTE_LOCAL,	  /* came in, for this netns */
	BW_ROUTE_FORWARD, /* came in, for elsewhere */
	BW_ROUTE_OUTPUT,  /* made in this netns */
};

/*
 * rt_type LOCAL alone would say `input` of what leaves over loopback too: until that has come in
 * (skb_iif), it is output. A packet on loopback keeps the output route when it comes in.
 */
static __always_inline enum bw_route bw_route_ipv4(const void *dst, const struct bw_packet *packet)
{
	__u16 type = BW_FIELD(struct rtable, dst, rt_type);
	bool is_input = BW_FIELD(struct rtable, dst, rt_is_input);

	if (!is_input && !packet->iif)
		return BW_ROUTE_OUTPUT;
	if (type == RTN_LOCAL || type == RTN_BROADCAST || type == RTN_MULTICAST)
		return BW_ROUTE_LOCAL;
	return is_input ? BW_ROUTE_FORWARD : BW_ROUTE_OUTPUT;
}

/* An IPv6 route does not say whether it is for input: skb_iif does. */
static __always_inline enum bw_route bw_route_ipv6(const void *dst, const struct bw_packet *packet)
{
	struct sk_buff *skb = packet->skb;
	__u8 first_byte = 0;

	if (!packet->iif)
		return BW_ROUTE_OUTPUT;
	if (BW_FIELD(struct rt6_info, dst, rt6i_flags) & (RTF_LOCAL | RTF_ANYCAST))
		return BW_ROUTE_LOCAL;
	/* Multicast carries no such flag, but ff00::/8 is only ever delivered (or mroute'd) here.
	 */
	bpf_probe_read_kernel(&first_byte, 1,
			      skb->head + skb->network_header +
				  bpf_core_field_offset(struct ipv6hdr, daddr));
	return first_byte == 0xff ? BW_ROUTE_LOCAL : BW_ROUTE_FORWARD;
}

static __always_inline enum bw_route bw_route_of(const struct bw_packet *packet)
{
	struct sk_buff *skb = packet->skb;
	__u64 address = skb->_skb_refdst & ~1ul; /* bit 0: held without a reference */
	const struct dst_entry *dst = (const struct dst_entry *)address;
	__u16 protocol = bpf_ntohs(skb->protocol);

	if (!bw_is_kernel_address(address) ||
	    (BW_FIELD(struct dst_entry, dst, flags) & DST_METADATA))
		return BW_ROUTE_NONE;
	if (protocol == 0)
		protocol = BPF_CORE_READ(dst, ops, family) == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP;
	if (protocol == ETH_P_IP)
		return bw_route_ipv4(dst, packet);
	if (protocol == ETH_P_IPV6)
		return bw_route_ipv6(dst, packet);
	return BW_ROUTE_NONE;
}

/* A packet at a device, without a route: before the routing decision, or a raw frame on its way
 * out. */
static __always_inline enum bw_place bw_place_without_route(const struct bw_packet *packet,
							    enum bw_place_hint hint)
{
	__u16 protocol = bpf_ntohs(packet->skb->protocol);

	/* A receiving socket takes the route off. */
	if (hint == BW_HINT_SOCKET)
		return BW_PLACE_SOCKET;
	if (!packet->dev)
		return packet->sk ? BW_PLACE_SOCKET : BW_PLACE_UNKNOWN;
	if (!packet->iif)
		return packet->sk && packet->same_netns ? BW_PLACE_OUTPUT : BW_PLACE_DEVICE_RX;
	if (protocol != ETH_P_IP && protocol != ETH_P_IPV6)
		return BW_PLACE_DEVICE_RX;
	/* ip_rcv takes the sender's socket off: a foreign one means that it was not there yet. */
	if (packet->sk && !packet->same_netns)
		return BW_PLACE_DEVICE_RX;
	return BW_PLACE_PREROUTING;
}

static __always_inline enum bw_place bw_place_of(const struct bw_packet *packet,
						 enum bw_place_hint hint)
{
	if (packet->rx_sk || packet->in_udp_queue)
		return BW_PLACE_SOCKET;
	if (hint == BW_HINT_QDISC)
		return BW_PLACE_QDISC;
	if (hint == BW_HINT_TX)
		return BW_PLACE_TX;
	if (hint == BW_HINT_DEVICE_RX)
		return BW_PLACE_DEVICE_RX;
	switch (bw_route_of(packet)) {
	case BW_ROUTE_LOCAL:
		return BW_PLACE_INPUT;
	case BW_ROUTE_FORWARD:
		return packet->dev && packet->ifindex != packet->iif ? BW_PLACE_POSTROUTING
								     : BW_PLACE_FORWARD;
	case BW_ROUTE_OUTPUT:
		return BW_PLACE_OUTPUT;
	default:
		return bw_place_without_route(packet, hint);
	}
}

#endif
