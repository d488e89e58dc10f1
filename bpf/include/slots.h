/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slots.h: from a key to the slot that counts it. A hash finds the slot, a stack holds the free
 * ones. The loader frees a slot by taking its key from the hash and raising `epoch` (which voids
 * every shortcut to it), and hands it out again a window later, when no program can still hold it.
 */
#ifndef BW_SLOTS_H
#define BW_SLOTS_H

#include "rows.h"

#define BW_NO_SLOT 0xffffffffu

/* Takes a free slot for the key. Two CPUs may race for one key: the hash keeps the first. */
static __always_inline __u32 bw_slot_take(void *by_key, void *free_slots, void *slots,
					  const struct bw_slot_key *key)
{
	struct bw_slot *info;
	__u32 slot, *found;

	if (bpf_map_pop_elem(free_slots, &slot))
		return BW_NO_SLOT;
	info = bpf_map_lookup_elem(slots, &slot);
	if (!info)
		return BW_NO_SLOT;
	__builtin_memcpy(&info->key, key, sizeof(*key));
	if (bpf_map_update_elem(by_key, key, &slot, BPF_NOEXIST) == 0) {
		__sync_fetch_and_add(&info->used, 1);
		return slot;
	}
	bpf_map_push_elem(free_slots, &slot, BPF_ANY);
	found = bpf_map_lookup_elem(by_key, key);
	return found ? *found : BW_NO_SLOT;
}

/* BW_NO_SLOT when the table is full. */
static __always_inline __u32 bw_slot_of(void *by_key, void *free_slots, void *slots,
					const struct bw_slot_key *key)
{
	__u32 *found = bpf_map_lookup_elem(by_key, key);

	return found ? *found : bw_slot_take(by_key, free_slots, slots, key);
}

#endif
