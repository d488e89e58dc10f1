/* SPDX-License-Identifier: Apache-2.0 */
/* agent.h: the socket to the agent and the frames that come from it. */
#ifndef BW_AGENT_H
#define BW_AGENT_H

#include "options.h"
#include "prefixes.h"

enum agent_word {
	AGENT_CONTINUES,
	AGENT_FINISHES, /* asks for the last window */
	AGENT_IS_GONE,
	AGENT_IS_WRONG, /* sent what is no frame; said already */
};

struct agent {
	int fd;
	unsigned char bytes[1 << 16];
	size_t length;
};

/* A socket at the path, owned by uid and gid, mode 0600. -1 after saying what is wrong. */
int agent_listen(const struct options *options);

/* Reads what has come and does what it says. */
enum agent_word agent_read(struct agent *agent, struct prefixes *prefixes, struct probes *probes);

#endif
