/** The text of bpf/include/histogram_bounds.gen.h. */
export async function renderBoundsHeader() {
  const { UPPER_BOUNDS_NS } = await import('../dist/common/histogram/bounds.js');
  const rows = [];
  for (let at = 0; at < UPPER_BOUNDS_NS.length; at += 6) {
    rows.push(`\t${UPPER_BOUNDS_NS.slice(at, at + 6).join(', ')},`);
  }
  return `/* SPDX-License-Identifier: Apache-2.0 */
/* Generated from common/histogram/bounds.ts by tools/generate-histogram-bounds.mjs: do not edit.
 * The largest whole number of nanoseconds that each bucket of BW_HISTOGRAM_MIN_INDEX + k holds. */
#ifndef BW_HISTOGRAM_BOUNDS_GEN_H
#define BW_HISTOGRAM_BOUNDS_GEN_H

static const __u64 bw_histogram_bounds_ns[${UPPER_BOUNDS_NS.length}] = {
${rows.join('\n')}
};

#endif
`;
}
