// SPDX-License-Identifier: Apache-2.0
/*
 * tcp.bpf.c: round-trip time, connect time, connect failures and retransmits of TCP, by the
 * socket's netns, cgroup and local prefix. In: tp_btf/tcp_probe, inet_sock_set_state,
 * tcp_retransmit_skb. Out: cumulative rows [shard][slot]. Lost, and counted in `loss`: measurements
 * that find no slot, values above 1,024 s, connects whose start finds no room.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include "histogram.h"
#include "kernel.h"
#include "slots.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set by the loader before the load. */
const volatile __u32 slots_per_shard = 0;
const volatile __u32 shards = 1;
/*
 * A round trip that ended longer ago than a window belongs to an earlier one: it is not counted
 * now. In the kernel's ticks, which cost a load where bpf_ktime_get_ns costs some 20 ns.
 */
const volatile __u32 stale_after_jiffies = 0;

/* Read often, written rarely by the loader. */
__u32 epoch __attribute__((aligned(64))) = 1;
__u32 prefixes = 0;

/* Written rarely by the program: a cache line of its own. */
__u64 loss[BW_LOSS_CAUSES] __attribute__((aligned(64))) = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* shards x slots, by the loader; so all below */
	__type(key, __u32);
	__type(value, struct bw_tcp_row);
} tcp_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bw_slot);
} tcp_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct bw_slot_key);
	__type(value, __u32);
} tcp_slot_by_key SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 1);
	__uint(key_size, 0);
	__uint(value_size, sizeof(__u32));
} tcp_free_slots SEC(".maps");

/* The loader gives both probes the same trie. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, BW_PREFIX_MAX);
	__type(key, struct bw_prefix_key);
	__type(value, __u32);
} prefix_trie SEC(".maps");

/* What we remember of a socket, freed with it. */
struct socket_state {
	__u64 connect_start_ns; /* 0: not connecting, or begun before us */
	__u32 slot;
	__u32 epoch; /* slot is valid while this is the probe's */
	__u32 rtt_seq;
	__u32 seen; /* whether rtt_seq holds anything */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_state);
} socket_states SEC(".maps");

/*
 * Whose round trip a CPU saw last, by the socket's address: most segments end no round trip, and
 * this tells so without a look at the socket's storage (measured: half the cost of a segment). A
 * socket whose address and sequence were both another's loses one sample.
 */
struct recent_round {
	__u64 socket;
	__u64 rtt_seq;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct recent_round);
} recent_rounds SEC(".maps");

static __always_inline void count_loss(enum bw_loss_cause cause)
{
	__sync_fetch_and_add(&loss[cause], 1);
}

static __always_inline __u32 prefix_of(struct sock *sk)
{
	struct bw_prefix_key key = {.prefix_length = 128};
	__u32 *id;

	if (sk->__sk_common.skc_family == AF_INET)
		bw_map_ipv4(key.address, sk->__sk_common.skc_rcv_saddr);
	else
		BPF_CORE_READ_INTO(&key.address, sk, __sk_common.skc_v6_rcv_saddr);
	id = bpf_map_lookup_elem(&prefix_trie, &key);
	return id ? *id : 0;
}

/* Apart, so that the key's stack is not the hot path's. */
static __noinline int find_slot(struct sock *sk, struct socket_state *state)
{
	struct bw_slot_key key = {};
	__u32 now = *(volatile __u32 *)&epoch;

	if (!sk || !state)
		return 0;
	key.subject.netns_cookie = bw_netns_cookie_of_sock(sk);
	key.subject.cgroup_id = bw_cgroup_of_sock(sk);
	if (prefixes)
		key.subject.prefix_id = prefix_of(sk);
	state->slot = bw_slot_of(&tcp_slot_by_key, &tcp_free_slots, &tcp_slots, &key);
	if (state->slot != BW_NO_SLOT)
		state->epoch = now;
	return 0;
}

/* The socket's row, or NULL when the table is full (counted). */
static __always_inline struct bw_tcp_row *row_of(struct sock *sk, struct socket_state *state)
{
	__u32 index;

	if (state->epoch != *(volatile __u32 *)&epoch)
		find_slot(sk, state);
	index = bpf_get_smp_processor_id() % shards * slots_per_shard + state->slot;
	if (state->slot < slots_per_shard) {
		struct bw_tcp_row *row = bpf_map_lookup_elem(&tcp_rows, &index);

		if (row)
			return row;
	}
	count_loss(BW_LOSS_TCP_MAP_FULL);
	return NULL;
}

static __always_inline struct socket_state *state_of(struct sock *sk)
{
	struct socket_state *state =
	    bpf_sk_storage_get(&socket_states, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!state)
		count_loss(BW_LOSS_TCP_MAP_FULL);
	return state;
}

/* One sample a round trip: RACK's newest measurement, when rtt_seq says that a round has ended. */
static __always_inline void sample_rtt(struct sock *sk, const struct tcp_sock *tp)
{
	struct socket_state *state = state_of(sk);
	__u32 rtt_seq = tp->rtt_seq;
	struct bw_tcp_row *row;

	if (!state || (state->seen && state->rtt_seq == rtt_seq))
		return;
	state->rtt_seq = rtt_seq;
	state->seen = 1;
	if (!tp->rack.mstamp) /* nothing measured yet */
		return;
	/* The last acknowledgement is the one that ended the round. */
	if ((__u32)bpf_jiffies64() - tp->rcv_tstamp > stale_after_jiffies)
		return;
	row = row_of(sk, state);
	if (row && !bw_histogram_add(&row->rtt, tp->rack.rtt_us * 1000ull))
		count_loss(BW_LOSS_HISTOGRAM_RANGE);
}

static __always_inline const struct tcp_sock *tcp_of(struct sock *sk)
{
	return loads_directly ? BW_AS(struct tcp_sock, sk) : bpf_skc_to_tcp_sock(sk);
}

SEC("tp_btf/tcp_probe")
int BPF_PROG(tcp_segment, struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_sock *tp = tcp_of(sk);
	__u32 index = bpf_get_smp_processor_id() * BW_RECENT_ROUNDS;
	__u64 address = (__u64)sk;
	struct recent_round *recent;

	if (!tp)
		return 0;
	index += (__u32)(address >> 6 ^ address >> 14) % BW_RECENT_ROUNDS;
	recent = bpf_map_lookup_elem(&recent_rounds, &index);
	if (!recent || (recent->socket == address && recent->rtt_seq == tp->rtt_seq))
		return 0;
	recent->socket = address;
	recent->rtt_seq = tp->rtt_seq;
	sample_rtt(sk, tp);
	return 0;
}

static __always_inline enum bw_connect_error error_of(int error)
{
	switch (error) {
	case 111: /* ECONNREFUSED */
		return BW_CONNECT_REFUSED;
	case 110: /* ETIMEDOUT */
		return BW_CONNECT_TIMED_OUT;
	case 113: /* EHOSTUNREACH */
	case 101: /* ENETUNREACH */
		return BW_CONNECT_UNREACHABLE;
	default: /* 0 too: the application gave up */
		return BW_CONNECT_OTHER;
	}
}

static __always_inline void begin_connect(struct sock *sk)
{
	struct socket_state *state =
	    bpf_sk_storage_get(&socket_states, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (state)
		state->connect_start_ns = bpf_ktime_get_ns();
	else
		count_loss(BW_LOSS_CONNECT_UNTRACKED);
}

static __always_inline void end_connect(struct sock *sk, int new_state)
{
	struct socket_state *state = state_of(sk);
	struct bw_tcp_row *row = state ? row_of(sk, state) : NULL;

	if (!row)
		return;
	if (new_state != TCP_ESTABLISHED) {
		__sync_fetch_and_add(&row->connect_failures[error_of(sk->sk_err)], 1);
	} else if (state->connect_start_ns) {
		__u64 took_ns = bpf_ktime_get_ns() - state->connect_start_ns;

		if (!bw_histogram_add(&row->connect, took_ns))
			count_loss(BW_LOSS_HISTOGRAM_RANGE);
	}
	state->connect_start_ns = 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, struct sock *sk, int old_state, int new_state)
{
	const struct tcp_sock *tp;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (new_state == TCP_SYN_SENT) {
		begin_connect(sk);
	} else if (old_state == TCP_SYN_SENT) {
		end_connect(sk, new_state);
	} else if (old_state == TCP_ESTABLISHED) {
		/* The last round trip of a connection ends with no further segment to see it by. */
		tp = tcp_of(sk);
		if (tp)
			sample_rtt(sk, tp);
	}
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(tcp_retransmit, struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_skb_cb *control = (const struct tcp_skb_cb *)skb->cb;
	struct socket_state *state = state_of(sk);
	struct bw_tcp_row *row = state ? row_of(sk, state) : NULL;

	/* One buffer may hold several segments, as RetransSegs counts them. */
	if (row)
		__sync_fetch_and_add(&row->retransmits, BPF_CORE_READ(control, tcp_gso_segs) ?: 1);
	return 0;
}
