import { flatnessOf, type Allowance, type Flatness, type Series } from './flatness.js';
import type { Panel } from './graph.js';
import type { Look } from './look.js';

/** A part's heap breathes; what leaks does so for longer than half an hour. */
const MEMORY: Allowance = { share: 0.15, least: 32 };
/** Two windows of a hundred hosts may just have arrived. */
const LAG: Allowance = { share: 0.25, least: 200 };
/** A merge halves them in a moment. */
const PARTS: Allowance = { share: 0.5, least: 12 };

/** Every quantity that must stay flat, with whether it did. */
export function judge(looks: readonly Look[]): Flatness[] {
  const [memory, lag, parts] = panelsOf(looks);
  const of = (panel: Panel | undefined, allowance: Allowance) =>
    (panel?.series ?? []).map((series) =>
      flatnessOf({ ...series, name: `${panel?.title ?? ''} ${series.name}` }, allowance),
    );
  return [...of(memory, MEMORY), ...of(lag, LAG), ...of(parts, PARTS)];
}

/** The looks as pictures. */
export function panelsOf(looks: readonly Look[]): [Panel, Panel, Panel] {
  return [
    { title: 'memory', unit: 'MiB resident', series: seriesOf(looks, ({ memory }) => memory) },
    { title: 'lag', unit: 'messages', series: seriesOf(looks, ({ lag }) => lag) },
    { title: 'parts', unit: 'of the fullest partition', series: seriesOf(looks, ({ parts }) => parts) },
  ];
}

export function flatnessText({ name, mean, climb, allowed, flat }: Flatness): string {
  const figures = `mean ${mean.toFixed(1)}, climbs by ${climb.toFixed(1)} (at most ${allowed.toFixed(1)})`;
  return `${name}: ${figures} ${flat ? 'flat' : 'NOT FLAT'}`;
}

/** Each name that any look has; where one look lacks it, it is left out. */
function seriesOf(
  looks: readonly Look[],
  valuesOf: (look: Look) => ReadonlyMap<string, number>,
): readonly Series[] {
  const names = [...new Set(looks.flatMap((look) => [...valuesOf(look).keys()]))].sort();
  return names.map((name) => {
    const having = looks.filter((look) => valuesOf(look).has(name));
    return {
      name,
      seconds: having.map(({ second }) => second),
      values: having.map((look) => valuesOf(look).get(name) ?? 0),
    };
  });
}
