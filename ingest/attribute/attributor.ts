import { readdir } from 'node:fs/promises';
import { UNATTRIBUTED, type Owner } from '../../common/wire/batch.js';
import type { SubjectFrame } from '../../common/wire/frames.gen.js';
import { agree, cgroupCovers, Claims, CONTESTED, type Verdict } from './claims.js';
import type { Cgroups } from './cgroups.js';
import { globMatches } from './glob.js';
import { Namespaces } from './namespaces.js';
import { PrefixTable } from './prefix-table.js';
import type { MatchKind, Rule } from './rules.js';

/** Whose a subject is, and by which kind of rule. */
export interface Attribution {
  /** `UNATTRIBUTED` when nobody's, or when customers contradict each other. */
  readonly owner: Owner;
  readonly by: MatchKind | 'none';
  readonly contested: boolean;
}

const NOBODY: Attribution = Object.freeze({ owner: UNATTRIBUTED, by: 'none', contested: false });
const CONTESTED_BY_MANY: Attribution = Object.freeze({ owner: UNATTRIBUTED, by: 'none', contested: true });

/** Of contested subjects, so many are remembered to be shown; all are counted as unattributed. */
const MAX_CONTESTED = 100;

const NO_CLAIMS = new Claims([]);

export interface AttributorOptions {
  readonly cgroups: Cgroups;
  /** Names of the host's devices; undefined when they cannot be known (a replay): then each is taken to exist. */
  readonly devices: () => Promise<readonly string[] | undefined>;
}

/** Rules and the windows in which they were in force: [from, to], both included. */
interface Tenure {
  readonly claims: Claims;
  to: number;
}

/**
 * Whose each measurement is. Asked at a window's end, so that a namespace's name may come after its first
 * drops. Ownership is kept in windows: when rules change within one, both the old and the new count for it, and
 * where they name different customers that window's measurement is nobody's.
 */
export class Attributor {
  readonly #options: AttributorOptions;
  readonly #namespaces = new Namespaces();
  readonly #prefixes = new PrefixTable();
  readonly #contested = new Set<string>();
  #tenures: Tenure[] = [];
  #hostCookie = 0n;
  #devices: readonly string[] | undefined;

  constructor(options: AttributorOptions) {
    this.#options = options;
  }

  get namespaces(): Namespaces {
    return this.#namespaces;
  }

  /** Cookie of the host's own network namespace, from HELLO. */
  setHost(cookie: bigint): void {
    this.#hostCookie = cookie;
  }

  /** @returns how many prefixes were more than the loader takes */
  setRules(rules: readonly Rule[], window: number): number {
    const current = this.#tenures.at(-1);
    if (current !== undefined) current.to = window;
    this.#contested.clear();
    const { cgroups } = this.#options;
    const claims = new Claims(rules, (pattern) => cgroups.relative(pattern));
    this.#tenures.push({ claims, to: Number.POSITIVE_INFINITY });
    return this.#prefixes.assign(this.#claims.prefixes, window);
  }

  get #claims(): Claims {
    return this.#tenures.at(-1)?.claims ?? NO_CLAIMS;
  }

  get conflicts(): string[] {
    return this.#claims.conflicts();
  }

  /** What makes the loader match the prefixes of the rules. */
  prefixFrames(): Uint8Array[] {
    return this.#prefixes.frames();
  }

  /** Looks up what a window's subjects need to be known by; to be called before {@link of}. */
  async prepare(subjects: Iterable<SubjectFrame>, window: number): Promise<void> {
    this.#tenures = this.#tenures.filter(({ to }) => to >= window);
    this.#namespaces.forgetBefore(window);
    this.#devices = await this.#options.devices();
    const tenures = this.#tenures.filter(({ claims }) => claims.hasCgroups);
    if (tenures.length === 0) return;
    const ids = new Set([...subjects].map(({ cgroupId }) => cgroupId));
    const mayHold = (path: string) => tenures.some(({ claims }) => claims.mayHoldCgroups(path));
    await this.#options.cgroups.find(ids, mayHold, window);
  }

  inHostNetns(subject: SubjectFrame): boolean {
    return subject.netnsCookie === this.#hostCookie;
  }

  /** Namespace first, then cgroup, then device of the host, then address prefix. */
  of(subject: SubjectFrame): Attribution {
    const steps = this.#stepsFor(subject);
    let by: Attribution['by'] = 'none';
    const verdicts = this.#tenures.map(({ claims }): Verdict => {
      for (const [kind, ask] of steps) {
        const verdict = ask(claims);
        if (verdict === undefined) continue;
        by = kind;
        return verdict;
      }
      return undefined;
    });
    const verdict = agree(verdicts);
    if (verdict === CONTESTED) {
      this.#noteContested(subject);
      return CONTESTED_BY_MANY;
    }
    return verdict === undefined ? NOBODY : { owner: verdict, by, contested: false };
  }

  #noteContested({ netnsCookie, cgroupId, ifname }: SubjectFrame): void {
    if (this.#contested.size >= MAX_CONTESTED) return;
    const names = [...this.#namespaces.pathsOf(netnsCookie)].join(', ') || `cookie ${netnsCookie.toString()}`;
    const cgroup = this.#options.cgroups.pathOf(cgroupId) ?? 'none';
    this.#contested.add(`namespace ${names}, cgroup ${cgroup}, device ${ifname || 'none'}`);
  }

  /** Subjects that were measured under these rules and that different customers claim, in words. */
  get contested(): readonly string[] {
    return [...this.#contested];
  }

  #stepsFor(subject: SubjectFrame): [MatchKind, (claims: Claims) => Verdict][] {
    const steps: [MatchKind, (claims: Claims) => Verdict][] = [];
    const paths = this.#namespaces.pathsOf(subject.netnsCookie);
    if (paths.size > 0) steps.push(['netns', (claims) => claims.ofNetns(paths)]);
    const cgroup = this.#options.cgroups.pathOf(subject.cgroupId);
    if (cgroup !== undefined) steps.push(['cgroup', (claims) => claims.ofCgroup(cgroup)]);
    // A device's name says whose it is only in the host's namespace: inside others the names are the owners'.
    if (subject.ifname !== '' && this.inHostNetns(subject)) {
      steps.push(['ifname', (claims) => claims.ofIfname(subject.ifname)]);
    }
    // Inside another namespace addresses are its owner's to choose, as devices' names are.
    const mayBePrefix = subject.netnsCookie === 0n || this.inHostNetns(subject);
    const prefix = mayBePrefix ? this.#prefixes.textOf(subject.prefixId) : undefined;
    if (prefix !== undefined) steps.push(['prefix', (claims) => claims.ofPrefix(prefix)]);
    return steps;
  }

  /**
   * Customers with a rule that is in force here: a namespace of that name exists, a cgroup or device matches,
   * or it is a prefix (which the loader always matches); and nobody contests it. For them silence is zero.
   */
  customers(): string[] {
    const claims = this.#claims;
    const cgroups = [...this.#options.cgroups.present];
    const inForce = ({ match }: Rule): boolean => {
      switch (match.kind) {
        case 'netns':
          return this.#namespaces.isPresent(match.path) && claims.ofNetns([match.path]) !== CONTESTED;
        case 'cgroup':
          return cgroups.some(
            (path) => cgroupCovers(match.pattern, path) && claims.ofCgroup(path) !== CONTESTED,
          );
        case 'ifname':
          if (this.#devices === undefined) return true;
          return this.#devices.some(
            (name) => globMatches(match.pattern, name) && claims.ofIfname(name) !== CONTESTED,
          );
        case 'prefix':
          return claims.ofPrefix(match.prefix.text) !== CONTESTED;
      }
    };
    return [...new Set(claims.rules.filter(inForce).map(({ owner }) => owner.customer))].sort();
  }
}

/** Devices of the network namespace that this process runs in, which is the host's. */
export async function hostDevices(): Promise<readonly string[] | undefined> {
  return await readdir('/sys/class/net').catch(() => undefined);
}
