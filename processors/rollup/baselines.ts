import type { Logger } from '../../common/runtime/log.js';
import type { RollupMetrics } from './metrics.js';
import type { BaselineStore } from './store.js';

export interface BaselinesParts {
  readonly store: BaselineStore;
  readonly metrics: RollupMetrics;
  readonly log: Logger;
}

/**
 * Totals of days that will not change any more, so that what retention removes is still in a cumulative series. The
 * first fold of a process reads all days, later ones those since.
 */
export class Baselines {
  readonly #parts: BaselinesParts;
  #foldedUntilMs = 0;

  constructor(parts: BaselinesParts) {
    this.#parts = parts;
  }

  /**
   * @param untilMs all days before it are as they will stay
   * @throws whatever the store throws; nothing is lost then, the next fold adds what lacks.
   */
  async fold(untilMs: number): Promise<void> {
    if (untilMs <= this.#foldedUntilMs) return;
    const { store, metrics, log } = this.#parts;
    await store.fold(this.#foldedUntilMs, untilMs);
    this.#foldedUntilMs = untilMs;
    metrics.baselineFolds.inc();
    log.info({ until: new Date(untilMs).toISOString() }, 'days folded into baselines');
  }
}
