/* SPDX-License-Identifier: Apache-2.0 */
/* prefixes.h: the address prefixes that have an owner, from the agent into the kernel's trie. */
#ifndef BW_PREFIXES_H
#define BW_PREFIXES_H

#include "probes.h"

struct prefixes {
	struct bw_prefix_key keys[BW_PREFIX_MAX]; /* in the trie, sorted */
	__u32 count;
	struct bw_prefix offered[BW_PREFIX_MAX]; /* since the last commit */
	__u32 offered_count;
};

/* 0, or -1 after saying what is wrong with the frame. */
int prefixes_offer(struct prefixes *prefixes, const struct bw_prefix *prefix);
int prefixes_commit(struct prefixes *prefixes, const struct bw_prefix_commit *commit,
		    struct probes *probes);

#endif
