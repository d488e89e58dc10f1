// SPDX-License-Identifier: Apache-2.0
/* Raw system calls: libcap would be one more library to link for four calls. */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const names[] = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};

static void name_all(__u64 mask, char *out, size_t size)
{
	size_t used = 0;

	snprintf(out, size, "none");
	for (unsigned int i = 0; i < 64; i++) {
		if (!(mask >> i & 1) || used >= size)
			continue;
		if (i < sizeof(names) / sizeof(names[0]))
			used += snprintf(out + used, size - used, "%sCAP_%s", used ? " " : "",
					 names[i]);
		else
			used += snprintf(out + used, size - used, "%s%u", used ? " " : "", i);
	}
}

static __u64 effective(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {};

	if (syscall(SYS_capget, &header, data))
		return 0;
	return (__u64)data[1].effective << 32 | data[0].effective;
}

static int set_all(__u64 mask)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
	    {.effective = (__u32)mask, .permitted = (__u32)mask},
	    {.effective = (__u32)(mask >> 32), .permitted = (__u32)(mask >> 32)},
	};

	return (int)syscall(SYS_capset, &header, data);
}

int privileges_drop(uid_t uid, gid_t gid, __u64 keep, char *given_up, size_t given_up_size,
		    char *kept, size_t kept_size)
{
	__u64 before = effective();

	keep &= before;
	for (unsigned int i = 0; i < 64; i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1 && prctl(PR_CAPBSET_DROP, i, 0, 0, 0))
			return -1;
	}
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid) || set_all(keep) || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	if (effective() != keep) {
		errno = EPERM;
		return -1;
	}
	name_all(before & ~keep, given_up, given_up_size);
	name_all(keep, kept, kept_size);
	return 0;
}
