/* SPDX-License-Identifier: Apache-2.0 */
/* netns_scan.h: looks through directories of named network namespaces and tells what changed. */
#ifndef BW_NETNS_SCAN_H
#define BW_NETNS_SCAN_H

#include <stdbool.h>

struct netns_scan;

/* Changes are written to `out` as struct bw_netns. NULL when the own namespace cannot be held. */
struct netns_scan *netns_scan_new(int out);

/* True when a file lies there that is no namespace (yet). */
bool netns_scan_run(struct netns_scan *scan, const char *const *dirs, int dir_count);

#endif
