/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.h: from nanoseconds to the bucket of the scale-3 histogram over seconds. */
#ifndef BW_HISTOGRAM_H
#define BW_HISTOGRAM_H

#include "rows.h"
#include "histogram_bounds.gen.h"

/*
 * The position (bucket - BW_HISTOGRAM_MIN_INDEX) of a duration above 0: how many upper bounds lie
 * below it. BW_HISTOGRAM_BUCKETS when it is above them all. Nine steps, whatever the value.
 */
static __always_inline __u32 bw_histogram_position(__u64 ns)
{
	__u32 below = 0;

#pragma unroll
	for (__u32 step = 256; step; step >>= 1) {
		__u32 candidate = below + step;

		if (candidate <= BW_HISTOGRAM_BUCKETS && bw_histogram_bounds_ns[candidate - 1] < ns)
			below = candidate;
	}
	return below;
}

/* Counts one duration; false when it is above 1,024 s, which the caller counts as a loss. */
static __always_inline bool bw_histogram_add(struct bw_histogram_row *row, __u64 ns)
{
	if (ns == 0) {
		__sync_fetch_and_add(&row->zero_count, 1);
	} else {
		__u32 position = bw_histogram_position(ns);

		if (position >= BW_HISTOGRAM_BUCKETS)
			return false;
		__sync_fetch_and_add(&row->buckets[position], 1);
		__sync_fetch_and_add(&row->sum_ns, ns);
	}
	return true;
}

#endif
