// SPDX-License-Identifier: Apache-2.0
#include "slot_table.h"
#include "log.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int slot_table_init(struct slot_table *table)
{
	table->memory = calloc(table->count, sizeof(*table->memory));
	if (!table->memory)
		return -1;
	/* From the top, so that the first slot taken is 0. */
	for (__u32 slot = table->count; slot-- > 0;) {
		if (bpf_map_update_elem(table->free_fd, NULL, &slot, BPF_ANY))
			return -1;
	}
	return 0;
}

const void *slot_table_row(const struct slot_table *table, __u32 lane, __u32 slot)
{
	return table->rows + ((size_t)lane * table->count + slot) * table->row_size;
}

/* No program can still hold the slot: its key left the hash and its shortcuts were void a window
 * ago. */
static void hand_back(struct slot_table *table, __u32 slot)
{
	struct bw_slot *info = &table->slots[slot];

	for (__u32 lane = 0; lane < table->lanes; lane++)
		memset((void *)slot_table_row(table, lane, slot), 0, table->row_size);
	memset(&table->memory[slot], 0, sizeof(table->memory[slot]));
	info->generation++;
	__atomic_store_n(&info->used, 0, __ATOMIC_RELEASE);
	if (bpf_map_update_elem(table->free_fd, NULL, &slot, BPF_ANY))
		log_line(LOG_WARN, "%s: slot %u is lost to the table: %s", table->name, slot,
			 strerror(errno));
	table->freed++;
}

static bool take_leave(struct slot_table *table, __u32 slot)
{
	if (bpf_map_delete_elem(table->by_key_fd, &table->slots[slot].key))
		return false;
	table->memory[slot].leaving = true;
	return true;
}

void slot_table_free_idle(struct slot_table *table, __u32 idle_windows)
{
	bool is_crowded = table->used > table->count / 4 * 3;
	bool any_leaves = false;

	for (__u32 slot = 0; slot < table->count; slot++) {
		struct slot_memory *memory = &table->memory[slot];

		if (!__atomic_load_n(&table->slots[slot].used, __ATOMIC_ACQUIRE))
			continue;
		if (memory->leaving)
			hand_back(table, slot);
		else if (memory->idle_windows >= (is_crowded ? 2 : idle_windows))
			any_leaves |= take_leave(table, slot);
	}
	if (any_leaves)
		__atomic_fetch_add(table->epoch, 1, __ATOMIC_SEQ_CST);
}
