/** Writes the kernel's table of bucket bounds from the one that TypeScript uses. Needs a build. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderBoundsHeader } from './render-histogram-bounds.mjs';

writeFileSync(
  fileURLToPath(new URL('../bpf/include/histogram_bounds.gen.h', import.meta.url)),
  await renderBoundsHeader(),
);
