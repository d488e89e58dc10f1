// SPDX-License-Identifier: Apache-2.0
#include "prefixes.h"
#include "log.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct bw_prefix_key key_of(const struct bw_prefix *prefix)
{
	struct bw_prefix_key key = {.prefix_length = prefix->prefix_length};

	/* Bits behind the prefix are zero, so that equal prefixes are equal bytes. */
	for (__u32 bit = 0; bit < prefix->prefix_length; bit++)
		key.address[bit / 8] |= prefix->address[bit / 8] & (0x80 >> bit % 8);
	return key;
}

static int compare(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct bw_prefix_key));
}

int prefixes_offer(struct prefixes *prefixes, const struct bw_prefix *prefix)
{
	if (prefix->id < 1 || prefix->id > BW_PREFIX_MAX || prefix->prefix_length > 128) {
		log_line(LOG_ERROR,
			 "the agent sent a prefix of id %u and length %u: 1 to %u and 0 to 128 "
			 "would be right",
			 prefix->id, prefix->prefix_length, BW_PREFIX_MAX);
		return -1;
	}
	if (prefixes->offered_count == BW_PREFIX_MAX) {
		log_line(LOG_ERROR, "the agent sent more than %u prefixes", BW_PREFIX_MAX);
		return -1;
	}
	prefixes->offered[prefixes->offered_count++] = *prefix;
	return 0;
}

/* Those that are offered no more go first, so that the trie never holds more than it may. */
static void replace(struct prefixes *prefixes, struct bw_prefix_key *keys, __u32 count, int trie)
{
	for (__u32 i = 0; i < prefixes->count; i++) {
		if (!bsearch(&prefixes->keys[i], keys, count, sizeof(*keys), compare) &&
		    bpf_map_delete_elem(trie, &prefixes->keys[i]))
			log_line(LOG_WARN, "a prefix cannot be removed: %s", strerror(errno));
	}
	for (__u32 i = 0; i < prefixes->offered_count; i++) {
		struct bw_prefix_key key = key_of(&prefixes->offered[i]);

		if (bpf_map_update_elem(trie, &key, &prefixes->offered[i].id, BPF_ANY))
			log_line(LOG_WARN, "prefix %u cannot be set: %s", prefixes->offered[i].id,
				 strerror(errno));
	}
}

int prefixes_commit(struct prefixes *prefixes, const struct bw_prefix_commit *commit,
		    struct probes *probes)
{
	static struct bw_prefix_key keys[BW_PREFIX_MAX];
	__u32 count = prefixes->offered_count;

	if (commit->count != count) {
		log_line(LOG_ERROR, "the agent commits %u prefixes but sent %u", commit->count,
			 count);
		return -1;
	}
	for (__u32 i = 0; i < count; i++)
		keys[i] = key_of(&prefixes->offered[i]);
	qsort(keys, count, sizeof(keys[0]), compare);
	replace(prefixes, keys, count, probes->prefix_fd);
	memcpy(prefixes->keys, keys, count * sizeof(keys[0]));
	prefixes->count = count;
	prefixes->offered_count = 0;
	probes_set_prefixes(probes, count);
	log_line(LOG_DEBUG, "%u prefixes", count);
	return 0;
}
