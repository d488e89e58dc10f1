import type { Owner } from '../../common/wire/batch.js';
import { globMatches } from './glob.js';
import type { Prefix } from './prefix.js';
import type { Rule } from './rules.js';

/** Claims that contradict each other: none of them counts. */
export const CONTESTED = Symbol('contested');
/** The owner, contested, or undefined when nobody claims it. */
export type Verdict = Owner | typeof CONTESTED | undefined;

export function sameOwner(a: Owner, b: Owner): boolean {
  return a.customer === b.customer && a.app === b.app && a.instance === b.instance;
}

/**
 * What several claims to one thing come to. Two customers: contested, never guessed. One customer with
 * two apps or instances: the customer is sure, what differs is left empty.
 */
export function agree(verdicts: Iterable<Verdict>): Verdict {
  let agreed: Owner | undefined;
  for (const verdict of verdicts) {
    if (verdict === undefined) continue;
    if (verdict === CONTESTED) return CONTESTED;
    if (agreed === undefined) agreed = verdict;
    else if (agreed.customer !== verdict.customer) return CONTESTED;
    else if (!sameOwner(agreed, verdict)) {
      const app = agreed.app === verdict.app ? agreed.app : '';
      agreed = {
        customer: agreed.customer,
        app,
        instance: app !== '' && agreed.instance === verdict.instance ? agreed.instance : '',
      };
    }
  }
  return agreed;
}

interface CgroupClaim {
  readonly segments: readonly string[];
  readonly owner: Owner;
}

/** The rules of all files at one time, ready to be asked. */
export class Claims {
  readonly #netns = new Map<string, Owner[]>();
  readonly #cgroups: CgroupClaim[] = [];
  readonly #ifnames: { pattern: string; owner: Owner }[] = [];
  readonly #prefixes = new Map<string, { prefix: Prefix; owners: Owner[] }>();
  readonly rules: readonly Rule[];

  /** @param cgroupPath makes a pattern relative to the cgroup v2 mount */
  constructor(given: readonly Rule[], cgroupPath: (pattern: string) => string = (pattern) => pattern) {
    const rules = given.map((rule) => withRelativeCgroup(rule, cgroupPath));
    this.rules = rules;
    for (const { match, owner } of rules) {
      switch (match.kind) {
        case 'netns':
          this.#netns.set(match.path, [...(this.#netns.get(match.path) ?? []), owner]);
          break;
        case 'cgroup':
          this.#cgroups.push({ segments: segmentsOf(match.pattern), owner });
          break;
        case 'ifname':
          this.#ifnames.push({ pattern: match.pattern, owner });
          break;
        case 'prefix': {
          const { prefix } = match;
          const before = this.#prefixes.get(prefix.text)?.owners ?? [];
          this.#prefixes.set(prefix.text, { prefix, owners: [...before, owner] });
          break;
        }
      }
    }
  }

  ofNetns(paths: Iterable<string>): Verdict {
    return agree([...paths].flatMap((path) => this.#netns.get(path) ?? []));
  }

  /** A rule covers the cgroup and all below it; the deepest rule wins. */
  ofCgroup(path: string): Verdict {
    const segments = segmentsOf(path);
    let depth = -1;
    let deepest: Owner[] = [];
    for (const claim of this.#cgroups) {
      const length = claim.segments.length;
      if (length < depth || !covers(claim.segments, segments)) continue;
      if (length > depth) deepest = [];
      depth = length;
      deepest.push(claim.owner);
    }
    return agree(deepest);
  }

  ofIfname(name: string): Verdict {
    return agree(this.#ifnames.filter(({ pattern }) => globMatches(pattern, name)).map(({ owner }) => owner));
  }

  /** Of the prefix in normal form; the loader has found the longest. */
  ofPrefix(text: string): Verdict {
    return agree(this.#prefixes.get(text)?.owners ?? []);
  }

  get prefixes(): Prefix[] {
    return [...this.#prefixes.values()].map(({ prefix }) => prefix);
  }

  get hasCgroups(): boolean {
    return this.#cgroups.length > 0;
  }

  /** Whether a directory can be, lead to, or lie below what a rule names. */
  mayHoldCgroups(path: string): boolean {
    const segments = segmentsOf(path);
    return this.#cgroups.some((claim) =>
      segments.every(
        (segment, i) => i >= claim.segments.length || globMatches(claim.segments[i] ?? '', segment),
      ),
    );
  }

  /** Rules of different customers for one and the same thing, in words. */
  conflicts(): string[] {
    const byTarget = new Map<string, Rule[]>();
    for (const rule of this.rules) {
      const target = targetOf(rule);
      byTarget.set(target, [...(byTarget.get(target) ?? []), rule]);
    }
    return [...byTarget]
      .filter(([, rules]) => new Set(rules.map(({ owner }) => owner.customer)).size > 1)
      .map(([target, rules]) => {
        const claims = rules.map(({ owner, origin }) => `${owner.customer} (${origin})`).join(' and ');
        return `${target} is claimed by ${claims}: it stays unattributed until one of them is removed`;
      });
  }
}

function withRelativeCgroup(rule: Rule, cgroupPath: (pattern: string) => string): Rule {
  const { match } = rule;
  if (match.kind !== 'cgroup') return rule;
  return { ...rule, match: { kind: 'cgroup', pattern: cgroupPath(match.pattern) } };
}

function covers(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length <= path.length && pattern.every((glob, i) => globMatches(glob, path[i] ?? ''));
}

/** Whether a pattern names this cgroup or one above it. */
export function cgroupCovers(pattern: string, path: string): boolean {
  return covers(segmentsOf(pattern), segmentsOf(path));
}

function targetOf({ match }: Rule): string {
  switch (match.kind) {
    case 'netns':
      return `netns ${match.path}`;
    case 'prefix':
      return `prefix ${match.prefix.text}`;
    case 'cgroup':
    case 'ifname':
      return `${match.kind} ${match.pattern}`;
  }
}

export function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}
