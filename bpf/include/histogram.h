/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.h: from nanoseconds to the bucket of the scale-3 histogram over seconds. */
#ifndef BW_HISTOGRAM_H
#define BW_HISTOGRAM_H

#include "rows.h"
#include "histogram_bounds.gen.h"

/* The place of the highest bit that is set; BPF has no instruction for it. */
static __always_inline __u32 bw_highest_bit(__u64 value)
{
	__u32 bit = 0;

#pragma unroll
	for (__u32 step = 32; step; step >>= 1) {
		if (value >> step) {
			value >>= step;
			bit += step;
		}
	}
	return bit;
}

/*
 * The position (bucket - BW_HISTOGRAM_MIN_INDEX) of a duration above 0: how many upper bounds lie
 * below it. BW_HISTOGRAM_BUCKETS when it is above them all.
 *
 * 2^e ns lies in bucket 8e: position k holds 2^e ns when k - 239 >= 8 log2(2^e / 10^9), which is
 * 8e - 239.18. So the eight bounds from there on decide, which share one or two cache lines; a
 * binary search over the whole table touches nine (measured: most of the cost, since bulk traffic
 * leaves nothing of ours in the caches).
 */
static __always_inline __u32 bw_histogram_position(__u64 ns)
{
	__u32 first = 8 * bw_highest_bit(ns);
	__u32 below = 0;

	if (first > BW_HISTOGRAM_BUCKETS - 8)
		return BW_HISTOGRAM_BUCKETS;
#pragma unroll
	for (__u32 i = 0; i < 8; i++)
		below += bw_histogram_bounds_ns[first + i] < ns;
	return first + below;
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
