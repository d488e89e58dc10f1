/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox.h: frames on their way to the agent. Bounded: who puts asks for room first, so that an
 * agent that does not read costs frames (counted by who asked), never memory, and never holds up
 * the maps.
 */
#ifndef BW_OUTBOX_H
#define BW_OUTBOX_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct outbox {
	unsigned char *bytes;
	size_t max;    /* bytes that may wait, set by the owner */
	size_t size;   /* allocated */
	size_t start;  /* sent so far */
	size_t length; /* put so far */
};

/* Bytes that may still be put. */
size_t outbox_room(const struct outbox *outbox);

/* Puts a header and its payload; false when there is no room. */
bool outbox_put(struct outbox *outbox, __u16 type, const void *payload, __u32 length);

bool outbox_is_empty(const struct outbox *outbox);

/* Writes what the socket takes without blocking. 0, or -1 when the agent is gone. */
int outbox_flush(struct outbox *outbox, int fd);

#endif
