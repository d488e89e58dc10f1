/* SPDX-License-Identifier: Apache-2.0 */
/* privileges.h: becoming an ordinary user for good. */
#ifndef BW_PRIVILEGES_H
#define BW_PRIVILEGES_H

#include <linux/types.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Becomes uid and gid, keeps only the capabilities of the bit mask `keep`, and forbids to gain any
 * again (bounding set, no_new_privs). Writes the names of those given up and kept as text.
 * 0, or -1 with errno.
 */
int privileges_drop(uid_t uid, gid_t gid, __u64 keep, char *given_up, size_t given_up_size,
		    char *kept, size_t kept_size);

#endif
