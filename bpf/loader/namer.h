/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namer.h: which network namespace (by cookie) stands under which name. A child of the loader does
 * it, because only CAP_SYS_ADMIN may enter a namespace to ask for its cookie; the loader needs
 * none.
 */
#ifndef BW_NAMER_H
#define BW_NAMER_H

#include "abi.h"
#include "options.h"

/*
 * Starts the child. It writes one struct bw_netns for each name that comes or goes to the pipe
 * whose read end is returned, and one with cookie 0 once all names that existed at the start are
 * told. It ends when the read end is closed. -1 after saying what is wrong.
 */
int namer_start(const struct options *options, pid_t *child);

#endif
