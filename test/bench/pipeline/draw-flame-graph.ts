/** `node dist/test/bench/pipeline/draw-flame-graph.js PROFILE SVG [TITLE]`: a .cpuprofile as a flame graph. */
import { writeFileSync } from 'node:fs';
import { flameGraph } from './flame-graph.js';
import { readProfile } from './profile.js';

const [profile, svg, title = 'processor time of one process'] = process.argv.slice(2);
if (profile === undefined || svg === undefined) {
  process.stderr.write('usage: draw-flame-graph.js PROFILE SVG [TITLE]\n');
  process.exit(2);
}
writeFileSync(svg, flameGraph(readProfile(profile), title));
