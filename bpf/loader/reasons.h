/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reasons.h: the drop reasons of the running kernel, by name from its BTF. Their numbers move from
 * kernel to kernel, so nothing here knows one.
 */
#ifndef BW_REASONS_H
#define BW_REASONS_H

#include "rows.h"
#include <bpf/btf.h>

#define REASONS_MAX 1024

struct reasons {
	struct bw_reason list[REASONS_MAX];
	int count;
};

/* 0, or -1 when this kernel's BTF has no such enum. */
int reasons_read(struct reasons *reasons, const struct btf *kernel);

/* What each reason's name alone says of the place. */
void reasons_hints(const struct reasons *reasons, __u8 hints[BW_HINTED_REASONS]);

#endif
