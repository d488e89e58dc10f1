// SPDX-License-Identifier: Apache-2.0
/*
 * histogram-positions: reads durations (u64 ns, little endian) from stdin, lets the kernel find the
 * bucket of each by BPF_PROG_TEST_RUN, and writes the positions (u64) to stdout.
 */
#include "histogram.skel.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define VALUES_MAX (1u << 22)

struct conversion {
	__u64 ns;
	__u64 position;
};

static int fail(const char *what)
{
	fprintf(stderr, "histogram-positions: %s\n", what);
	return 1;
}

static __u32 read_values(__u64 *values)
{
	size_t size = fread(values, sizeof(*values), VALUES_MAX, stdin);

	return (__u32)size;
}

static int convert(struct histogram *skeleton, const __u64 *values, __u32 count)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	size_t size = ((size_t)count * sizeof(struct conversion) + 4095) / 4096 * 4096;
	struct conversion *conversions = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
					      bpf_map__fd(skeleton->maps.conversions), 0);

	if (conversions == MAP_FAILED)
		return fail("cannot map the values");
	for (__u32 i = 0; i < count; i++)
		conversions[i].ns = values[i];
	skeleton->bss->count = count;
	if (bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.convert_all), &options) ||
	    options.retval)
		return fail("BPF_PROG_TEST_RUN did not run through");
	for (__u32 i = 0; i < count; i++)
		fwrite(&conversions[i].position, sizeof(conversions[i].position), 1, stdout);
	return fflush(stdout) ? fail("cannot write") : 0;
}

int main(void)
{
	__u64 *values = malloc(VALUES_MAX * sizeof(*values));
	struct histogram *skeleton = histogram__open();
	__u32 count;

	if (!values || !skeleton)
		return fail("no memory");
	count = read_values(values);
	if (count == 0)
		return fail("no values on stdin");
	bpf_map__set_max_entries(skeleton->maps.conversions, count);
	if (histogram__load(skeleton))
		return fail("this kernel refuses the program");
	return convert(skeleton, values, count);
}
