/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.h: what both probes read of the kernel's own structures, and the values that BTF lacks. */
#ifndef BW_KERNEL_H
#define BW_KERNEL_H

#include "abi.h"

#define AF_UNSPEC 0
#define AF_INET 2
#define AF_INET6 10
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define DST_METADATA 0x0080
#define RTF_LOCAL 0x80000000u
#define RTF_ANYCAST 0x00100000u

/* From 6.2 on. Set by the loader, so that older kernels never see the call. */
extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;
const volatile bool loads_directly = false;

/* A kernel pointer as the type that we know it to have: loads through it read 0 where they fault.
 */
#define BW_AS(type, pointer) ((type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))

/* A field behind such a pointer: one load, or on older kernels a call (measured: some 20 ns each).
 */
#define BW_FIELD(type, pointer, field)                                                             \
	(loads_directly ? BW_AS(type, pointer)->field                                              \
			: BPF_CORE_READ((const type *)(pointer), field))

/* Addresses of the kernel have the top bit set on the 64-bit machines that we know. */
static __always_inline bool bw_is_kernel_address(__u64 address)
{
	return (__s64)address < 0;
}

static __always_inline __u64 bw_netns_cookie_of_sock(const struct sock *sk)
{
	return sk->__sk_common.skc_net.net->net_cookie;
}

/*
 * The cgroup v2 of a socket. A time-wait or request socket is shorter than a struct sock: what lies
 * at its sk_cgrp_data belongs to something else.
 */
static __always_inline __u64 bw_cgroup_of_sock(const struct sock *sk)
{
	__u8 state = sk->__sk_common.skc_state;

	if (state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV)
		return 0;
	return sk->sk_cgrp_data.cgroup->kn->id;
}

/* A device's name as two words: the verifier lets an array of char be loaded only byte by byte. */
static __always_inline void bw_load_name(__u64 out[2], const char *name)
{
	if (loads_directly) {
		const struct timespec64 *words = BW_AS(struct timespec64, name);

		out[0] = words->tv_sec;
		out[1] = words->tv_nsec;
	} else {
		bpf_probe_read_kernel(out, BW_IFNAME_LEN, name);
	}
}

/* An IPv4 address (network order) in the 128-bit form. */
static __always_inline void bw_map_ipv4(__u8 out[16], __be32 address)
{
	__u32 *words = (__u32 *)out;

	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = address;
}

#endif
