// SPDX-License-Identifier: Apache-2.0
#include "agent.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Bound and listening under another name first: who sees the path may connect. */
static int listen_at(int fd, const struct sockaddr_un *address, const struct options *options)
{
	mode_t mask = umask(0177);
	int bound = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(mask);
	if (bound)
		return -1;
	if (chown(address->sun_path, options->uid, options->gid) || listen(fd, 1) ||
	    rename(address->sun_path, options->socket_path)) {
		int error = errno;

		unlink(address->sun_path);
		errno = error;
		return -1;
	}
	return 0;
}

int agent_listen(const struct options *options)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = options->socket_path;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t most = sizeof(address.sun_path) - sizeof(".new");

	if (strlen(path) > most) {
		log_line(LOG_ERROR, "the socket path %s is longer than %zu bytes", path, most);
		return -1;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", path);
	unlink(address.sun_path); /* of a loader that was killed */
	if (fd < 0 || listen_at(fd, &address, options)) {
		log_line(LOG_ERROR, "cannot write the socket path %s: %s", path, strerror(errno));
		return -1;
	}
	return fd;
}

/* The payload's size that belongs to a type, or -1 when the agent may not send it. */
static int size_of(__u16 type)
{
	switch (type) {
	case BW_FRAME_PREFIX:
		return sizeof(struct bw_prefix);
	case BW_FRAME_PREFIX_COMMIT:
		return sizeof(struct bw_prefix_commit);
	case BW_FRAME_FINISH:
		return 0;
	default:
		return -1;
	}
}

static enum agent_word obey(__u16 type, const unsigned char *payload, struct prefixes *prefixes,
			    struct probes *probes)
{
	struct bw_prefix prefix;
	struct bw_prefix_commit commit;

	switch (type) {
	case BW_FRAME_PREFIX:
		memcpy(&prefix, payload, sizeof(prefix));
		return prefixes_offer(prefixes, &prefix) ? AGENT_IS_WRONG : AGENT_CONTINUES;
	case BW_FRAME_PREFIX_COMMIT:
		memcpy(&commit, payload, sizeof(commit));
		return prefixes_commit(prefixes, &commit, probes) ? AGENT_IS_WRONG
								  : AGENT_CONTINUES;
	default:
		return AGENT_FINISHES;
	}
}

static enum agent_word obey_all(struct agent *agent, struct prefixes *prefixes,
				struct probes *probes)
{
	struct bw_frame_header header;
	enum agent_word word = AGENT_CONTINUES;
	size_t at = 0;

	while (word == AGENT_CONTINUES && agent->length - at >= sizeof(header)) {
		memcpy(&header, agent->bytes + at, sizeof(header));
		if (header.abi_version != BW_ABI_VERSION ||
		    size_of(header.type) != (int)header.length) {
			log_line(
			    LOG_ERROR,
			    "the agent sent a frame of type %u, %u bytes, version %u: this loader "
			    "takes prefixes and finish of version %u",
			    header.type, header.length, header.abi_version, BW_ABI_VERSION);
			return AGENT_IS_WRONG;
		}
		if (agent->length - at < sizeof(header) + header.length)
			break;
		word = obey(header.type, agent->bytes + at + sizeof(header), prefixes, probes);
		at += sizeof(header) + header.length;
	}
	agent->length -= at;
	memmove(agent->bytes, agent->bytes + at, agent->length);
	return word;
}

enum agent_word agent_read(struct agent *agent, struct prefixes *prefixes, struct probes *probes)
{
	for (;;) {
		ssize_t size = recv(agent->fd, agent->bytes + agent->length,
				    sizeof(agent->bytes) - agent->length, MSG_DONTWAIT);
		enum agent_word word;

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == EAGAIN)
			return AGENT_CONTINUES;
		if (size <= 0)
			return AGENT_IS_GONE;
		agent->length += (size_t)size;
		word = obey_all(agent, prefixes, probes);
		if (word != AGENT_CONTINUES)
			return word;
	}
}
