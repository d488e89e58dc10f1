import { h } from '../dom.js';

const SVG = 'http://www.w3.org/2000/svg';
/** A bell: the wether that leads the flock wears one. */
const BELL =
  'M16 3a2 2 0 0 1 2 2v.7c4 .9 6.6 4.3 6.6 8.8V19c0 1.3.6 2.4 1.7 3.2l.9.7c1 .8.5 2.5-.9 2.5H5.7c-1.4 0-1.9-1.7-.9-2.5l.9-.7A4 4 0 0 0 7.4 19v-4.5c0-4.5 2.6-7.9 6.6-8.8V5a2 2 0 0 1 2-2zm-3.4 24h6.8a3.4 3.4 0 0 1-6.8 0z';

/** The mark and the name. */
export function brand(): HTMLElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 32 32');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', BELL);
  svg.append(path);
  return h('p', { class: 'brand' }, svg, 'Bellwether');
}
