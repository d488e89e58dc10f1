/** Counts what a run of tests showed. */
export interface Tally {
  readonly passed: (name: string) => void;
  readonly failed: (name: string, why: string) => void;
  readonly skipped: (name: string, why: string) => void;
  readonly failures: () => readonly string[];
  /** `N passed, N failed, N skipped`. */
  readonly line: () => string;
  /** What was skipped, grouped by why. */
  readonly skips: () => string[];
  readonly exitCode: () => number;
}

export function createTally(): Tally {
  let passed = 0;
  const failures: string[] = [];
  const skips = new Map<string, string[]>();
  let skipped = 0;
  return {
    passed: () => {
      passed += 1;
    },
    failed: (name, why) => {
      failures.push(`${name}: ${why}`);
    },
    skipped: (name, why) => {
      skipped += 1;
      skips.set(why, [...(skips.get(why) ?? []), name]);
    },
    failures: () => failures,
    line: () => `${String(passed)} passed, ${String(failures.length)} failed, ${String(skipped)} skipped`,
    skips: () => [...skips].map(([why, names]) => `${names.join(', ')}: ${why}`),
    // A run that showed nothing is not a good one.
    exitCode: () => (failures.length === 0 && passed > 0 ? 0 : 1),
  };
}
