/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h: the maps' rows, as the probes write them and the loader reads them by mmap.
 * Rows only grow; the loader alone sets one back to zero, when it gives its slot to a new key.
 */
#ifndef BW_ROWS_H
#define BW_ROWS_H

#include "abi.h"

/* What a slot counts. Its first 48 bytes are those of struct bw_drops; TCP leaves the last 8 zero.
 */
struct bw_slot_key {
	struct bw_subject subject;
	__u32 reason;
	__u8 place;
	__u8 way;
	__u8 pad[2];
};

/* One for each slot. `used` is set last by the probe that took the slot, and cleared by the loader.
 */
struct bw_slot {
	struct bw_slot_key key;
	__u32 generation;
	__u32 used;
};

/* [cpu][slot]: written by one CPU only, so without atomics. */
struct bw_drop_row {
	__u64 packets;
	__u64 bytes;
	__u32 event_second; /* of the token bucket for sampled events */
	__u32 events;	    /* sampled in that second */
	__u64 pad;
};

/* A CPU's own shortcut from key to slot; one cache line. Valid while `epoch` is the probe's. */
struct bw_cached_slot {
	struct bw_slot_key key;
	__u32 slot;
	__u32 epoch;
	__u64 pad;
};

#define BW_CACHED_SLOTS 256 /* for each CPU, a power of 2 */

struct bw_histogram_row {
	__u64 zero_count;
	__u64 sum_ns; /* grows last: with zero_count it tells cheaply whether to read the buckets */
	__u64 buckets[BW_HISTOGRAM_BUCKETS];
};

/* [shard][slot]: shared by the CPUs of a shard, so with atomics. */
struct bw_tcp_row {
	__u64 retransmits;
	__u64 connect_failures[BW_CONNECT_ERRORS];
	struct bw_histogram_row rtt;
	struct bw_histogram_row connect;
};

/* At most so many shards: 5 kB a row for each of 100 CPUs would be memory for nothing. */
#define BW_TCP_SHARDS_MAX 8

/* A sampled drop as it lies in the ring: the loader turns the clock's time into Unix time. */
struct bw_ring_event {
	__u64 time_monotonic_ns;
	struct bw_drop_event event;
};

/* What a drop's reason alone says of its place; the loader resolves it by the reason's name. */
enum bw_place_hint {
	BW_HINT_NONE = 0,
	BW_HINT_DEVICE_RX = 1,
	BW_HINT_QDISC = 2,
	BW_HINT_TX = 3,
	BW_HINT_SOCKET = 4, /* unless a route says otherwise */
};

#define BW_HINTED_REASONS 256 /* core reasons; those of subsystems have their own numbers above */

#define BW_RECENT_ROUNDS 256 /* for each CPU, a power of 2 */

struct bw_prefix_key {
	__u32 prefix_length;
	__u8 address[16];
};

#endif
