// SPDX-License-Identifier: Apache-2.0
/* histogram.bpf.c: the probes' own bucket function, over as many values as the map holds. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "histogram.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct conversion {
	__u64 ns;
	__u64 position;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct conversion);
} conversions SEC(".maps");

__u32 count = 0;

static long convert(__u32 index, void *context)
{
	struct conversion *conversion = bpf_map_lookup_elem(&conversions, &index);

	if (!conversion)
		return 1;
	conversion->position = bw_histogram_position(conversion->ns);
	return 0;
}

SEC("syscall")
int convert_all(void *context)
{
	return bpf_loop(count, convert, NULL, 0) == count ? 0 : 1;
}
