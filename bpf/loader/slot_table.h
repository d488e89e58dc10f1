/* SPDX-License-Identifier: Apache-2.0 */
/* slot_table.h: the loader's side of a table of slots: what was sent of each, and when it is free
 * again. */
#ifndef BW_SLOT_TABLE_H
#define BW_SLOT_TABLE_H

#include "rows.h"
#include <stdbool.h>
#include <stddef.h>

#define SLOT_VALUES 3

struct slot_memory {
	__u64 sent[SLOT_VALUES]; /* what grows with the rows, as it was when they were last sent */
	__u32 idle_windows;
	bool leaving; /* its key is gone from the hash; free at the next window */
};

struct slot_table {
	const char *name;
	struct bw_slot *slots; /* mapped */
	unsigned char *rows;   /* mapped, [lane][slot] */
	size_t row_size;
	__u32 lanes; /* CPUs or shards */
	__u32 count; /* slots */
	__u32 used;  /* at the last sweep */
	int by_key_fd;
	int free_fd;
	__u32 *epoch; /* of the program: raising it voids its shortcuts */
	struct slot_memory *memory;
	__u64 freed;
};

/* Fills the stack of free slots. 0, or -1 with errno. */
int slot_table_init(struct slot_table *table);

const void *slot_table_row(const struct slot_table *table, __u32 lane, __u32 slot);

/*
 * After a sweep has sent everything: frees the slots that left a window ago, and makes leave those
 * that have not changed for `idle_windows` (2 when the table is more than three quarters full).
 */
void slot_table_free_idle(struct slot_table *table, __u32 idle_windows);

#endif
