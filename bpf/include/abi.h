/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi.h: the one source of the frame layout between the loader (C) and the agent (TypeScript).
 * The TypeScript codec (common/wire/frames.gen.ts) is generated from the BTF of this header;
 * a test fails when they differ. The probes share the enums and sizes, so a name means the
 * same thing in the kernel, on the socket and in the agent.
 *
 * Rules: little endian, naturally aligned, every pad explicit and zero, units in the name.
 * Counters are cumulative since the loader started; whoever reads them subtracts.
 */
#ifndef BW_ABI_H
#define BW_ABI_H

#ifndef __VMLINUX_H__ /* the probes have these types from the kernel's BTF */
#include <linux/types.h>
#endif

#define BW_ABI_VERSION 1

/* Scale-3 exponential histogram over seconds: bucket i holds (2^(i/8), 2^((i+1)/8)] s.
 * Index -240 is where 1 ns falls, 79 ends at 1,024 s. buckets[0] is index BW_HISTOGRAM_MIN_INDEX.
 */
#define BW_HISTOGRAM_SCALE 3
#define BW_HISTOGRAM_MIN_INDEX (-240)
#define BW_HISTOGRAM_BUCKETS 320

#define BW_IFNAME_LEN 16
#define BW_REASON_NAME_LEN 48
#define BW_PATH_LEN 128
#define BW_RELEASE_LEN 64
#define BW_PREFIX_MAX 4096

enum bw_frame_type {
	/* loader to agent */
	BW_FRAME_HELLO = 1,	   /* struct bw_hello, first frame */
	BW_FRAME_REASON = 2,	   /* struct bw_reason, one for each drop reason of this kernel */
	BW_FRAME_NETNS = 3,	   /* struct bw_netns, when a named namespace comes or goes */
	BW_FRAME_WINDOW_BEGIN = 4, /* struct bw_window, then the rows that changed, then the end */
	BW_FRAME_DROPS = 5,	   /* struct bw_drops */
	BW_FRAME_TCP = 6,	   /* struct bw_tcp */
	BW_FRAME_HISTOGRAM = 7,	   /* struct bw_histogram */
	BW_FRAME_LOSS = 8,	   /* struct bw_loss */
	BW_FRAME_WINDOW_END = 9,   /* struct bw_window */
	BW_FRAME_DROP_EVENT = 10,  /* struct bw_drop_event, at any time between the others */
	/* agent to loader */
	BW_FRAME_PREFIX = 128, /* struct bw_prefix, one for each address prefix with an owner */
	BW_FRAME_PREFIX_COMMIT = 129, /* struct bw_prefix_commit: the prefixes sent replace all */
	BW_FRAME_FINISH = 130,	      /* no payload: sweep once more, send the last window, exit */
};

struct bw_frame_header {
	__u32 length; /* bytes of payload that follow this header */
	__u16 type;   /* enum bw_frame_type */
	__u16 abi_version;
};

struct bw_hello {
	__u64 host_netns_cookie;
	__u64 start_unix_ns; /* when the probes were attached */
	__u32 cpus;
	__u32 window_ms;
	char kernel_release[BW_RELEASE_LEN];
};

struct bw_reason {
	__u32 id; /* number on this kernel, valid for this connection only */
	__u32 pad;
	char name[BW_REASON_NAME_LEN]; /* without SKB_DROP_REASON_ */
};

struct bw_netns {
	__u64 netns_cookie; /* never reused while the kernel runs */
	__u32 netns_inode;  /* reused at once: for display only */
	__u8 gone;	    /* 1: the name went away */
	__u8 pad[3];
	char path[BW_PATH_LEN];
};

struct bw_window {
	__u64 sequence;
	__u64 start_unix_ns; /* aligned to window_ms */
	__u64 end_unix_ns;   /* aligned to window_ms */
	__u64 observed_ns;   /* how much of it the probes watched: less in the first and last */
};

/* What the kernel can see of whom a measurement belongs to. 0 means not known. */
struct bw_subject {
	__u64 netns_cookie;
	__u64 cgroup_id; /* of the socket, cgroup v2 */
	__u32 ifindex;	 /* of the device the packet is at (drops) */
	__u32 prefix_id; /* longest matching bw_prefix, 0: none */
	char ifname[BW_IFNAME_LEN];
};

/* Where in its path a packet was dropped, read from its route and device. */
enum bw_place {
	BW_PLACE_UNKNOWN = 0,
	BW_PLACE_DEVICE_RX = 1,
	BW_PLACE_PREROUTING = 2,
	BW_PLACE_INPUT = 3,
	BW_PLACE_SOCKET = 4,
	BW_PLACE_FORWARD = 5,
	BW_PLACE_POSTROUTING = 6,
	BW_PLACE_OUTPUT = 7,
	BW_PLACE_QDISC = 8,
	BW_PLACE_TX = 9,
};

/* By which way the subject was found; each drop is charged by one way only. */
enum bw_way {
	BW_WAY_NONE = 0,
	BW_WAY_RX_SOCKET = 1,
	BW_WAY_DEVICE = 2,
	BW_WAY_SOCKET = 3,
	BW_WAY_PREFIX = 4,
};

struct bw_drops {
	struct bw_subject subject;
	__u32 reason; /* bw_reason.id */
	__u8 place;   /* enum bw_place */
	__u8 way;     /* enum bw_way */
	__u8 pad[2];
	__u32 slot;
	__u32 generation; /* of the slot: a new one starts from 0 */
	__u64 packets;
	__u64 bytes; /* skb->len where it was dropped */
};

enum bw_connect_error {
	BW_CONNECT_REFUSED = 0,	    /* ECONNREFUSED: closed port, reset, or a filter's reject */
	BW_CONNECT_TIMED_OUT = 1,   /* ETIMEDOUT: silence */
	BW_CONNECT_UNREACHABLE = 2, /* EHOSTUNREACH, ENETUNREACH */
	BW_CONNECT_OTHER = 3,
	BW_CONNECT_ERRORS = 4,
};

struct bw_tcp {
	struct bw_subject subject;
	__u32 slot;
	__u32 generation;
	__u64 retransmits; /* segments */
	__u64 connect_failures[BW_CONNECT_ERRORS];
};

enum bw_histogram_kind {
	BW_HISTOGRAM_TCP_RTT = 0,     /* once a round trip */
	BW_HISTOGRAM_TCP_CONNECT = 1, /* SYN sent until established, active side */
};

struct bw_histogram {
	struct bw_subject subject;
	__u32 slot;
	__u32 generation;
	__u32 kind; /* enum bw_histogram_kind */
	__u32 pad;
	__u64 count;
	__u64 zero_count;
	__u64 sum_ns;
	__u64 buckets[BW_HISTOGRAM_BUCKETS];
};

/* What the kernel side lost, by cause. Counted where it is lost, never estimated. */
enum bw_loss_cause {
	BW_LOSS_DROP_MAP_FULL = 0,     /* drops whose row found no slot */
	BW_LOSS_TCP_MAP_FULL = 1,      /* TCP measurements whose row found no slot */
	BW_LOSS_EVENT_RING_FULL = 2,   /* sampled events that found no room */
	BW_LOSS_RECURSION = 3,	       /* program runs that the kernel skipped */
	BW_LOSS_HISTOGRAM_RANGE = 4,   /* values above 1,024 s */
	BW_LOSS_CONNECT_UNTRACKED = 5, /* connects whose start found no room */
	BW_LOSS_CAUSES = 6,
};

struct bw_loss {
	__u32 cause; /* enum bw_loss_cause */
	__u32 pad;
	__u64 count;
};

struct bw_drop_event {
	__u64 time_unix_ns;
	struct bw_subject subject;
	__u32 reason;		 /* bw_reason.id */
	__u8 place;		 /* enum bw_place */
	__u8 way;		 /* enum bw_way */
	__u8 ip_version;	 /* 4, 6, or 0: not IP */
	__u8 protocol;		 /* IPPROTO_* */
	__u8 source_address[16]; /* IPv4 as ::ffff:a.b.c.d */
	__u8 destination_address[16];
	__u16 source_port; /* host order, 0: none */
	__u16 destination_port;
	__u32 length_bytes;
};

struct bw_prefix {
	__u32 id;	     /* 1 .. BW_PREFIX_MAX */
	__u32 prefix_length; /* of the 128-bit form: IPv4 /24 is 120 */
	__u8 address[16];    /* IPv4 as ::ffff:a.b.c.d */
};

struct bw_prefix_commit {
	__u32 count;
	__u32 pad;
};

#endif
