// SPDX-License-Identifier: Apache-2.0
/*
 * drops.bpf.c: every packet that the kernel drops, by subject, reason, place and way.
 * In: tp_btf/kfree_skb. Out: cumulative rows [cpu][slot] and a ring of sampled events.
 * Lost, and counted in `loss`: drops that find no slot, events that find no room in the ring.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include "drop_place.h"
#include "drop_event.h"
#include "slots.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set by the loader before the load. */
const volatile __u64 host_netns_cookie = 0;
const volatile __u32 slots_per_cpu = 0;
const volatile __u32 events_per_slot_and_second = 0;
const volatile __u8 hint_of_reason[BW_HINTED_REASONS] = {};

/* Read at each drop, written rarely by the loader. */
__u32 epoch __attribute__((aligned(64))) = 1;
__u32 second = 1; /* a clock that costs a load: the loader moves it */
__u32 prefixes = 0;

/* Written rarely by the program: a cache line of its own. */
__u64 loss[BW_LOSS_CAUSES] __attribute__((aligned(64))) = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* CPUs x slots, by the loader; so all below */
	__type(key, __u32);
	__type(value, struct bw_drop_row);
} drop_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bw_slot);
} drop_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct bw_slot_key);
	__type(value, __u32);
} drop_slot_by_key SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 1);
	__uint(key_size, 0);
	__uint(value_size, sizeof(__u32));
} drop_free_slots SEC(".maps");

/* Mmapable only so that each entry lies on one cache line. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bw_cached_slot);
} drop_cache SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} drop_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, BW_PREFIX_MAX);
	__type(key, struct bw_prefix_key);
	__type(value, __u32);
} prefix_trie SEC(".maps");

static __always_inline void count_loss(enum bw_loss_cause cause)
{
	__sync_fetch_and_add(&loss[cause], 1);
}

/*
 * AF_UNIX and netlink pass buffers through kfree_skb that are no packets: they have no device and
 * no protocol. So has a packet of ours before ip_local_out, but its socket is an internet one.
 */
static __always_inline bool is_packet(const struct bw_packet *packet)
{
	__u16 family;

	if (packet->dev || packet->skb->protocol || packet->rx_sk)
		return true;
	if (!packet->sk)
		return false;
	family = packet->sk->__sk_common.skc_family;
	return family == AF_INET || family == AF_INET6;
}

static __always_inline void look_at(struct bw_packet *packet)
{
	struct sk_buff *skb = packet->skb;
	struct net_device *dev = skb->dev;

	/*
	 * In a UDP receive queue the word of skb->dev holds sizes and flags (dev_scratch), which
	 * are no kernel address.
	 */
	packet->in_udp_queue = dev && !bw_is_kernel_address((__u64)dev);
	packet->sk = skb->sk;
	packet->iif = skb->skb_iif;
	if (packet->in_udp_queue || !dev)
		return;
	packet->dev = dev;
	packet->ifindex = packet->dev->ifindex;
	packet->dev_netns_cookie = packet->dev->nd_net.net->net_cookie;
	packet->same_netns =
	    packet->sk && bw_netns_cookie_of_sock(packet->sk) == packet->dev_netns_cookie;
}

/*
 * A key in the making, in registers. It goes to memory as whole words (compose): fields that are
 * stored one by one and loaded again as words stall the processor (measured: some 10 ns).
 */
struct charge {
	__u64 netns_cookie;
	__u64 cgroup_id;
	__u64 name[2];
	__u32 ifindex;
	__u32 prefix_id;
	enum bw_place place;
	enum bw_way way;
};

/*
 * The device that the packet is at, or on its way through the device that it came in by. The skb's
 * socket adds its cgroup only where it lies in the device's netns: before ip_rcv a packet that came
 * over veth still carries the sender's, and to charge that one would be to charge the wrong
 * customer.
 */
static __always_inline void charge_device(const struct bw_packet *packet, struct charge *charge)
{
	bool forwarded = charge->place == BW_PLACE_FORWARD || charge->place == BW_PLACE_POSTROUTING;

	charge->way = BW_WAY_DEVICE;
	charge->netns_cookie = packet->dev_netns_cookie;
	charge->ifindex = forwarded && packet->iif ? packet->iif : packet->ifindex;
	if (charge->ifindex == packet->ifindex)
		bw_load_name(charge->name, packet->dev->name);
	if (packet->same_netns && !forwarded)
		charge->cgroup_id = bw_cgroup_of_sock(packet->sk);
}

/* What is delivered here belongs first to its destination, what leaves or passes to its source. */
static __noinline int prefix_of(struct sk_buff *skb, bool delivered)
{
	struct bw_addresses addresses = {};
	struct bw_prefix_key source = {.prefix_length = 128};
	struct bw_prefix_key destination = {.prefix_length = 128};
	__u32 *id;

	if (!skb)
		return 0;
	bw_read_addresses(skb, &addresses);
	if (!addresses.ip_version)
		return 0;
	__builtin_memcpy(source.address, addresses.source, 16);
	__builtin_memcpy(destination.address, addresses.destination, 16);
	id = bpf_map_lookup_elem(&prefix_trie, delivered ? &destination : &source);
	if (!id)
		id = bpf_map_lookup_elem(&prefix_trie, delivered ? &source : &destination);
	return id ? *id : 0;
}

static __always_inline void charge_subject(const struct bw_packet *packet, struct charge *charge)
{
	struct sock *sk = packet->rx_sk ?: packet->dev ? NULL : packet->sk;

	if (sk) {
		charge->way = packet->rx_sk ? BW_WAY_RX_SOCKET : BW_WAY_SOCKET;
		charge->netns_cookie = bw_netns_cookie_of_sock(sk);
		charge->cgroup_id = bw_cgroup_of_sock(sk);
	} else if (packet->dev) {
		charge_device(packet, charge);
	}
	if (!prefixes)
		return;
	/* A netns of its own is the better owner: addresses count in the host's, or where all else
	 * fails. */
	if (charge->way == BW_WAY_NONE || charge->netns_cookie == host_netns_cookie)
		charge->prefix_id = prefix_of(packet->skb, charge->place <= BW_PLACE_SOCKET);
	if (charge->way == BW_WAY_NONE && charge->prefix_id)
		charge->way = BW_WAY_PREFIX;
}

union key_words {
	struct bw_slot_key key;
	__u64 words[6];
};

/* The machines with BTF that we know are little endian, as abi.h is. */
static __always_inline void compose(union key_words *out, const struct charge *charge, __u32 reason)
{
	out->words[0] = charge->netns_cookie;
	out->words[1] = charge->cgroup_id;
	out->words[2] = charge->ifindex | (__u64)charge->prefix_id << 32;
	out->words[3] = charge->name[0];
	out->words[4] = charge->name[1];
	out->words[5] = reason | (__u64)charge->place << 32 | (__u64)charge->way << 40;
}

static __always_inline __u32 shortcut_of(const union key_words *key)
{
	__u64 mixed =
	    key->words[0] ^ key->words[1] * 31 ^ key->words[5] ^ key->words[2] * 0x9e3779b97f4a7c15;

	return mixed * 0x9e3779b97f4a7c15 >> 56;
}

static __always_inline bool same_key(const struct bw_slot_key *cached, const union key_words *key)
{
	const __u64 *words = (const __u64 *)cached;

	return words[0] == key->words[0] && words[1] == key->words[1] &&
	       words[2] == key->words[2] && words[3] == key->words[3] &&
	       words[4] == key->words[4] && words[5] == key->words[5];
}

/* Asks the hash and makes the CPU's shortcut. */
static __noinline __u32 find_slot(struct bw_cached_slot *cached, const struct bw_slot_key *key)
{
	__u32 now = *(volatile __u32 *)&epoch, slot;

	if (!cached || !key)
		return BW_NO_SLOT;
	slot = bw_slot_of(&drop_slot_by_key, &drop_free_slots, &drop_slots, key);
	if (slot == BW_NO_SLOT)
		return slot;
	__builtin_memcpy(&cached->key, key, sizeof(*key));
	cached->slot = slot;
	cached->epoch = now;
	return slot;
}

static __always_inline __u32 slot_of(__u32 cpu, const union key_words *key)
{
	__u32 index = cpu * BW_CACHED_SLOTS + shortcut_of(key);
	struct bw_cached_slot *cached = bpf_map_lookup_elem(&drop_cache, &index);

	if (!cached)
		return BW_NO_SLOT;
	if (cached->epoch == *(volatile __u32 *)&epoch && same_key(&cached->key, key))
		return cached->slot;
	return find_slot(cached, &key->key);
}

/* So many events for each row and second: a flood shows itself without filling the ring. */
static __always_inline bool takes_event(struct bw_drop_row *row)
{
	__u32 now = *(volatile __u32 *)&second;

	if (row->event_second != now) {
		row->event_second = now;
		row->events = 0;
	}
	if (row->events >= events_per_slot_and_second)
		return false;
	row->events++;
	return true;
}

static __noinline int send_event(struct sk_buff *skb, const struct bw_slot_key *key)
{
	struct bw_addresses addresses = {};
	struct bw_ring_event *record;
	__u64 flags;

	if (!skb || !key)
		return 0;
	record = bpf_ringbuf_reserve(&drop_events, sizeof(*record), 0);
	if (!record) {
		count_loss(BW_LOSS_EVENT_RING_FULL);
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->time_monotonic_ns = bpf_ktime_get_ns();
	record->event.subject = key->subject;
	record->event.reason = key->reason;
	record->event.place = key->place;
	record->event.way = key->way;
	record->event.length_bytes = BPF_CORE_READ(skb, len);
	bw_read_addresses(skb, &addresses);
	record->event.ip_version = addresses.ip_version;
	record->event.protocol = addresses.protocol;
	__builtin_memcpy(record->event.source_address, addresses.source, 16);
	__builtin_memcpy(record->event.destination_address, addresses.destination, 16);
	bw_read_ports(skb, &addresses, &record->event);
	/* The loader looks every 100 ms by itself; it is woken only when the ring fills faster. */
	flags = bpf_ringbuf_query(&drop_events, BPF_RB_AVAIL_DATA) > 1 << 18 ? BPF_RB_FORCE_WAKEUP
									     : BPF_RB_NO_WAKEUP;
	bpf_ringbuf_submit(record, flags);
	return 0;
}

static __always_inline enum bw_place_hint hint_of(__u32 reason)
{
	__u32 index = reason % BW_HINTED_REASONS;

	barrier_var(index); /* else the compiler undoes the bound that the verifier looks for */
	return reason < BW_HINTED_REASONS ? hint_of_reason[index] : BW_HINT_NONE;
}

static __always_inline int on_drop(struct sk_buff *skb, __u32 reason, struct sock *rx_sk)
{
	struct bw_packet packet = {.skb = skb};
	struct charge charge = {};
	union key_words key;
	struct bw_drop_row *row;
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 slot, index;

	/* Some kernels call a NULL rx_sk trusted and drop a check of it: its netns, read as 0,
	 * tells. */
	if (rx_sk && rx_sk->__sk_common.skc_net.net)
		packet.rx_sk = rx_sk;
	look_at(&packet);
	if (!is_packet(&packet))
		return 0;
	charge.place = bw_place_of(&packet, hint_of(reason));
	charge_subject(&packet, &charge);
	compose(&key, &charge, reason);
	slot = slot_of(cpu, &key);
	index = cpu * slots_per_cpu + slot;
	row = slot < slots_per_cpu ? bpf_map_lookup_elem(&drop_rows, &index) : NULL;
	if (!row) {
		count_loss(BW_LOSS_DROP_MAP_FULL);
		return 0;
	}
	row->packets++;
	row->bytes += skb->len;
	if (takes_event(row))
		send_event(skb, &key.key);
	return 0;
}

/* Kernels from 6.11 on say which socket was to receive the packet. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(kfree_skb_rx_sk, struct sk_buff *skb, void *location, enum skb_drop_reason reason,
	     struct sock *rx_sk)
{
	return on_drop(skb, reason, rx_sk);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(kfree_skb_plain, struct sk_buff *skb, void *location, enum skb_drop_reason reason)
{
	return on_drop(skb, reason, NULL);
}
