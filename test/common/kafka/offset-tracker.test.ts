import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OffsetTracker } from '../../../common/kafka/offset-tracker.js';

const AT = { topic: 'signals.v1', partition: 0 };
const LOG_LENGTH = 30;

/** One partition, the broker's commit, and a client whose position may move by work of an old assignment. */
class Model {
  readonly tracker = new OffsetTracker();
  readonly stored = new Set<number>();
  readonly inWork: number[] = [];
  position = 0;
  committed = 0;

  constructor() {
    this.tracker.assign([AT]);
  }

  deliver(): void {
    if (this.position >= LOG_LENGTH) return;
    this.tracker.delivered(AT, this.position);
    this.inWork.push(this.position);
    this.position += 1;
  }

  /** Any of the messages in work is done, in whatever order; one that failed is simply done later. */
  finish(pick: number): void {
    const [offset] = this.inWork.splice(pick % Math.max(1, this.inWork.length), 1);
    if (offset === undefined) return;
    this.stored.add(offset);
    this.tracker.done(AT, offset);
  }

  commit(arrives: boolean): void {
    const positions = this.tracker.toCommit();
    for (const { offset } of positions) {
      for (let before = 0; before < offset; before += 1) {
        assert.ok(this.stored.has(before), `commit of ${offset}, but ${before} is not stored`);
      }
      if (!arrives) continue;
      assert.ok(offset > this.committed || this.committed > this.position, 'a commit never goes back');
      this.committed = offset;
    }
    if (arrives) this.tracker.committed(positions);
  }

  /** KafkaJS goes back to the commit; with the race, an old handler then moves it ahead again. */
  rebalance(race: boolean): void {
    this.tracker.assign([]);
    this.tracker.assign([AT]);
    if (!race) this.position = this.committed;
  }

  /** Memory is gone, and only what was committed counts. */
  crash(): void {
    const fresh = new Model();
    fresh.position = fresh.committed = this.committed;
    for (const offset of this.stored) fresh.stored.add(offset);
    Object.assign(this, fresh);
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'deliver' as const }) },
  { weight: 6, arbitrary: fc.nat(50).map((pick) => ({ kind: 'finish' as const, pick })) },
  { weight: 3, arbitrary: fc.boolean().map((arrives) => ({ kind: 'commit' as const, arrives })) },
  { weight: 1, arbitrary: fc.boolean().map((race) => ({ kind: 'rebalance' as const, race })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
);

describe('offset tracker', () => {
  it('never commits past what is not stored, and in the end commits all, whatever happens in between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const model = new Model();
        for (const one of steps) {
          if (one.kind === 'deliver') model.deliver();
          else if (one.kind === 'finish') model.finish(one.pick);
          else if (one.kind === 'commit') model.commit(one.arrives);
          else if (one.kind === 'rebalance') model.rebalance(one.race);
          else model.crash();
        }
        while (model.position < LOG_LENGTH) model.deliver();
        while (model.inWork.length > 0) model.finish(0);
        model.commit(true);
        assert.equal(model.committed, LOG_LENGTH);
        assert.equal(model.tracker.outstanding, 0);
        assert.equal(model.stored.size, LOG_LENGTH);
      }),
      { numRuns: 2_000 },
    );
  });

  it('commits the last done offset + 1', () => {
    const tracker = new OffsetTracker();
    tracker.assign([AT]);
    for (const offset of [10, 11, 13]) tracker.delivered(AT, offset);
    tracker.done(AT, 11);
    assert.deepEqual(tracker.toCommit(), []);
    tracker.done(AT, 10);
    assert.deepEqual(tracker.toCommit(), [{ ...AT, offset: 13 }]);
    tracker.done(AT, 13);
    assert.deepEqual(tracker.toCommit(), [{ ...AT, offset: 14 }]);
    tracker.committed([{ ...AT, offset: 14 }]);
    assert.deepEqual(tracker.toCommit(), []);
  });

  it('commits nothing for a partition that was lost', () => {
    const tracker = new OffsetTracker();
    tracker.assign([AT]);
    tracker.delivered(AT, 0);
    tracker.assign([{ topic: 'signals.v1', partition: 1 }]);
    tracker.done(AT, 0);
    assert.deepEqual(tracker.toCommit(), []);
    assert.equal(tracker.outstanding, 0);
  });

  it('follows a log that was made anew', () => {
    const tracker = new OffsetTracker();
    tracker.assign([AT]);
    tracker.delivered(AT, 900);
    tracker.done(AT, 900);
    tracker.committed(tracker.toCommit());
    tracker.delivered(AT, 0);
    tracker.done(AT, 0);
    assert.deepEqual(tracker.toCommit(), [{ ...AT, offset: 1 }]);
  });

  it('refuses what was never in work', () => {
    assert.throws(() => new OffsetTracker().done(AT, 3), /offset 3 is done but was not in work/);
  });
});
