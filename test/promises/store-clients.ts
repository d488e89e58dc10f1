import { messageOf } from '../../common/runtime/errors.js';
import { FAILING_CASES } from '../embedded/store/failing-cases.js';
import { READING_CASES } from '../embedded/store/reading-cases.js';
import { startStoreUnderTest } from '../embedded/store/running-store.js';
import { TRAP_CASES } from '../embedded/store/trap-cases.js';
import { WRITING_CASES } from '../embedded/store/writing-cases.js';
import type { ProductPromise } from './promise.js';

/** How often the whole list is run in the full form, against the same store. */
const FULL_ROUNDS = 5;

/**
 * Unmodified `@clickhouse/client` works with the embedded store, and none of the known ways makes the store
 * run data as SQL, read a file, or carry a setting over.
 */
const promise: ProductPromise = {
  name: 'store-clients',
  plannedSeconds: { short: 10, full: 40 },
  needs: 'nothing',
  async run({ mode, log }) {
    const cases = [...READING_CASES, ...WRITING_CASES, ...FAILING_CASES, ...TRAP_CASES];
    const rounds = mode === 'full' ? FULL_ROUNDS : 1;
    const store = await startStoreUnderTest();
    let held = 0;
    try {
      const made = await store.send('admin', 'CREATE DATABASE IF NOT EXISTS bellwether');
      if (made.status !== 200) throw new Error(made.text);
      for (let round = 0; round < rounds; round += 1) {
        for (const each of cases) {
          const start = performance.now();
          const problem = await each.run(store).then(
            () => undefined,
            (error: unknown) => messageOf(error),
          );
          if (problem === undefined) held += 1;
          const elapsed = (performance.now() - start).toFixed(0);
          log(
            `${problem === undefined ? 'ok  ' : 'FAIL'} ${each.name} (${elapsed} ms)${problem === undefined ? '' : `: ${problem}`}`,
          );
        }
      }
    } finally {
      await store.stop();
    }
    const tried = cases.length * rounds;
    const times = rounds === 1 ? '' : ` (${cases.length} cases, ${rounds} rounds on one store)`;
    return { holds: held === tried, figure: `${held} of ${tried} cases${times}` };
  },
};

export default promise;
