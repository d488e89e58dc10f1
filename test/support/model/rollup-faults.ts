import { spanOf } from '../../../processors/rollup/buckets.js';
import type { RollupStore, Version } from '../../../processors/rollup/store.js';
import { commitHighestDone } from './commit-faults.js';
import type { Planted } from './planted.js';
import type { RollupMember } from './rollup-member.js';

/** Mistakes that somebody could make in the rollup. */
export const ROLLUP_FAULTS: readonly Planted<RollupMember>[] = [
  {
    name: 'version from the clock',
    breaks: ['clean buckets equal raw', 'a bucket keeps what it held'],
    plant: versionFromClock,
  },
  {
    name: 'no version: the last insert wins',
    breaks: ['clean buckets equal raw', 'a bucket keeps what it held', 'rollups equal raw'],
    plant: noVersion,
  },
  { name: 'sealed too early', breaks: ['clean buckets equal raw'], plant: writesAfterSnapshot },
  { name: 'seal before minutes', breaks: ['clean buckets equal raw'], plant: sealFirst },
  { name: 'hours from dirty minutes', breaks: ['clean buckets equal raw'], plant: hoursFromDirty },
  {
    name: 'a sealed minute is never made again',
    breaks: ['progress committed when sealed', 'comes to rest'],
    plant: madeOnce,
  },
  {
    name: 'progress committed before the recompute',
    breaks: ['progress committed when sealed'],
    plant: doneAtOnce,
  },
  {
    name: 'progress: commit of the highest that is done',
    breaks: ['progress committed when sealed'],
    plant: ({ consumer }) => commitHighestDone(consumer),
  },
];

/** Clocks of two machines differ. */
function versionFromClock({ sim, life, store }: RollupMember): void {
  const skewMs = sim.random.between(-30_000, 30_000);
  withVersion(store, () => Math.round(life.clock.unixMs() + skewMs));
}

function noVersion({ store }: RollupMember): void {
  withVersion(store, () => 1);
}

/** Rows get another version than the seal. */
function withVersion(store: RollupStore, version: () => number): void {
  const recompute = store.recompute.bind(store);
  store.recompute = (buckets) => recompute(buckets.map((bucket) => ({ ...bucket, version: version() })));
}

/** What was written meanwhile counts as seen. */
function writesAfterSnapshot({ store }: RollupMember): void {
  const seal = store.seal.bind(store);
  store.seal = async (buckets) => {
    const states = await store.minutes(spanOf(buckets));
    const written = new Map(states.map((state) => [state.startMs, state.written]));
    const later = ({ resolution, startMs, version }: Version) =>
      resolution === 'minute' ? (written.get(startMs) ?? version) : version;
    await seal(buckets.map((bucket) => ({ ...bucket, version: later(bucket) })));
  };
}

function sealFirst({ store }: RollupMember): void {
  const recompute = store.recompute.bind(store);
  const seal = store.seal.bind(store);
  store.recompute = () => Promise.resolve();
  store.seal = async (buckets) => {
    await seal(buckets);
    await recompute(buckets);
  };
}

function hoursFromDirty({ store }: RollupMember): void {
  const hours = store.hours.bind(store);
  store.hours = async (range, openFromMs) => {
    const minutes = await store.minutes(range);
    return (await hours(range, openFromMs)).map((hour) => {
      const within = minutes.filter(
        ({ startMs }) => startMs >= hour.startMs && startMs < hour.startMs + 3_600_000,
      );
      return { ...hour, open: 0, attained: within.reduce((sum, { written }) => sum + written, 0) };
    });
  };
}

function madeOnce({ store }: RollupMember): void {
  const minutes = store.minutes.bind(store);
  store.minutes = async (range) =>
    (await minutes(range)).map((state) => (state.sealed > 0 ? { ...state, written: state.sealed } : state));
}

function doneAtOnce({ consumer }: RollupMember): void {
  const { offsets } = consumer;
  const delivered = offsets.delivered.bind(offsets);
  const done = offsets.done.bind(offsets);
  offsets.delivered = (at, offset) => {
    delivered(at, offset);
    done(at, offset);
  };
  offsets.done = () => undefined;
}
