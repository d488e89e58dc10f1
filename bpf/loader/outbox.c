// SPDX-License-Identifier: Apache-2.0
#include "outbox.h"
#include "abi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

size_t outbox_room(const struct outbox *outbox)
{
	return outbox->max - (outbox->length - outbox->start);
}

/* Moves what is unsent to the front, and grows when that is not enough. */
static bool make_room(struct outbox *outbox, size_t wanted)
{
	size_t unsent = outbox->length - outbox->start;
	size_t size = outbox->size ? outbox->size : 1 << 16;
	unsigned char *bytes;

	if (outbox->length + wanted <= outbox->size)
		return true;
	if (outbox->start) {
		memmove(outbox->bytes, outbox->bytes + outbox->start, unsent);
		outbox->start = 0;
		outbox->length = unsent;
	}
	while (size < unsent + wanted)
		size *= 2;
	if (size == outbox->size)
		return true;
	bytes = realloc(outbox->bytes, size);
	if (!bytes)
		return false;
	outbox->bytes = bytes;
	outbox->size = size;
	return true;
}

bool outbox_put(struct outbox *outbox, __u16 type, const void *payload, __u32 length)
{
	struct bw_frame_header header = {
	    .length = length,
	    .type = type,
	    .abi_version = BW_ABI_VERSION,
	};
	size_t wanted = sizeof(header) + length;

	if (wanted > outbox_room(outbox) || !make_room(outbox, wanted))
		return false;
	memcpy(outbox->bytes + outbox->length, &header, sizeof(header));
	memcpy(outbox->bytes + outbox->length + sizeof(header), payload, length);
	outbox->length += wanted;
	return true;
}

bool outbox_is_empty(const struct outbox *outbox)
{
	return outbox->start == outbox->length;
}

int outbox_flush(struct outbox *outbox, int fd)
{
	while (!outbox_is_empty(outbox)) {
		ssize_t sent = send(fd, outbox->bytes + outbox->start,
				    outbox->length - outbox->start, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? 0 : -1;
		outbox->start += (size_t)sent;
	}
	outbox->start = 0;
	outbox->length = 0;
	return 0;
}
