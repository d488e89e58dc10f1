/* SPDX-License-Identifier: Apache-2.0 */
/* options.h: the command line. */
#ifndef BW_OPTIONS_H
#define BW_OPTIONS_H

#include <linux/types.h>
#include <stdbool.h>
#include <sys/types.h>

#define NETNS_DIRS_MAX 16

struct options {
	const char *socket_path;
	uid_t uid;
	gid_t gid;
	__u32 window_ms;
	const char *netns_dirs[NETNS_DIRS_MAX];
	int netns_dir_count;
	__u32 drop_slots; /* for each CPU */
	__u32 tcp_slots;  /* for each shard */
	__u32 events_per_slot_and_second;
	__u32 idle_windows; /* after so many without a change a slot is given to another key */
	bool check;
	bool as_older_kernel; /* without what 6.2 and 6.11 brought: for tests */
};

/* Fills `options`; says what is wrong and returns -1, or prints the help and exits 0. */
int options_parse(struct options *options, int argc, char **argv);

#endif
