/* SPDX-License-Identifier: Apache-2.0 */
/* probes.h: the BPF programs and maps, loaded and mapped. */
#ifndef BW_PROBES_H
#define BW_PROBES_H

#include "options.h"
#include "reasons.h"
#include "slot_table.h"
#include <bpf/libbpf.h>

struct drops;
struct tcp;

struct probes {
	struct drops *drops_skeleton;
	struct tcp *tcp_skeleton;
	struct slot_table drops;
	struct slot_table tcp;
	struct reasons reasons;
	int prefix_fd;
	int events_fd;
	__u32 cpus;
	__u64 host_netns_cookie;
};

/* Opens, sizes and loads; says in one sentence what is wrong and returns -1. Attaches nothing. */
int probes_load(struct probes *probes, const struct options *options);

/* 0, or -1 after saying what is wrong. */
int probes_attach(struct probes *probes);

/* Moves the probes' clock of whole seconds, which bounds the sampled events. */
void probes_tick(struct probes *probes, __u32 second);

/* Tells both programs how many prefixes the trie holds, and that sockets must be looked up anew. */
void probes_set_prefixes(struct probes *probes, __u32 count);

/* What the kernel side has lost since the start. */
__u64 probes_loss(const struct probes *probes, enum bw_loss_cause cause);

#endif
