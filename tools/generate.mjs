/**
 * Writes what is generated from its one source: the frame codec from bpf/include/abi.h and the kernel's
 * table of bounds from common/histogram/bounds.ts. Needs clang, bpftool and a build. Leaves a clean tree
 * unless a source has changed.
 */
await import('./generate-frames.mjs');
await import('./generate-histogram-bounds.mjs');
