import type { Component } from '../../common/runtime/component.js';
import type { Logger } from '../../common/runtime/log.js';
import type { StoreConfig } from './config.js';
import { Engine } from './engine/engine.js';
import { engineError } from './errors.js';
import type { Exchange } from './http/front.js';
import { Lane } from './lanes.js';
import type { StoreMetrics } from './metrics.js';
import { PartsWatch } from './parts.js';
import { runExchange } from './run-exchange.js';
import { SelfCheck } from './self-check.js';

type LaneName = 'reads' | 'statements' | 'inserts';

/** How often the engine is asked whether it still answers, milliseconds. */
const CHECK_EVERY_MS = 5_000;
/** How long running inserts and statements may go on when the store stops, milliseconds. */
const FINISH_WITHIN_MS = 15_000;

/** The engine with its lanes: what may run, how much at once, and how it ends. */
export class Store {
  readonly #engine: Engine;
  readonly #lanes: Readonly<Record<LaneName, Lane>>;
  #ready = false;
  readonly #selfCheck: SelfCheck;
  readonly #parts: PartsWatch;
  readonly #running = new Set<AbortController>();

  constructor(
    private readonly config: StoreConfig,
    private readonly metrics: StoreMetrics,
    private readonly log: Logger,
  ) {
    this.#engine = new Engine(config, (why) => this.#die(why));
    this.#selfCheck = new SelfCheck({
      ask: () => this.#engine.check(),
      everyMs: CHECK_EVERY_MS,
      limitMs: config.BELLWETHER_STORE_SELF_CHECK_SECONDS * 1_000,
      onLost: (why) => this.#die(why),
    });
    this.#parts = new PartsWatch({
      ask: (sql) => this.#engine.ask(sql),
      everyMs: config.BELLWETHER_STORE_PARTS_SECONDS * 1_000,
      metrics,
      log,
    });
    const lane = (name: LaneName, concurrency: number) =>
      new Lane(name, { concurrency, queue: config.BELLWETHER_STORE_QUEUE }, () =>
        metrics.refused.inc({ lane: name }),
      );
    this.#lanes = {
      reads: lane('reads', config.BELLWETHER_STORE_READS),
      statements: lane('statements', config.BELLWETHER_STORE_STATEMENTS),
      inserts: lane('inserts', config.BELLWETHER_STORE_INSERTS),
    };
    for (const each of Object.values(this.#lanes)) metrics.watchLane(each);
  }

  notReady = (): string | undefined => (this.#ready ? undefined : 'the engine is not open');

  /** What will be in the way before long, in sentences; the store takes queries all the same. */
  alarms = (): readonly string[] => this.#parts.alarms;

  /** Opens the engine before the front listens, closes it after the front has gone. */
  readonly opening: Component = {
    start: async () => {
      await this.#engine.start();
      this.#ready = true;
      this.#selfCheck.start();
      await this.#parts.start();
    },
    stop: () => this.#engine.stop(),
  };

  /** Stops first: refuses what is new, lets inserts and statements finish, ends reads. */
  readonly draining: Component = {
    start: () => Promise.resolve(),
    stop: async () => {
      this.#selfCheck.stop();
      await this.#parts.stop();
      this.#ready = false;
      const { inserts, statements } = this.#lanes;
      for (const lane of Object.values(this.#lanes)) lane.refuse('The store is stopping');
      const late = new Promise((resolve) => setTimeout(resolve, FINISH_WITHIN_MS).unref());
      await Promise.race([Promise.all([inserts.idle(), statements.idle()]), late]);
      for (const aborter of this.#running) aborter.abort();
      await Promise.all(Object.values(this.#lanes).map((lane) => lane.idle()));
    },
  };

  run = async (exchange: Exchange): Promise<void> => {
    const aborter = new AbortController();
    this.#running.add(aborter);
    const gone = AbortSignal.any([exchange.gone, aborter.signal]);
    try {
      const { config, metrics } = this;
      await runExchange(
        { engine: this.#engine, config, metrics, inLane: this.#inLane },
        { ...exchange, gone },
      );
    } finally {
      this.#running.delete(aborter);
    }
  };

  #inLane = async (name: LaneName, work: () => Promise<void>, gone: AbortSignal): Promise<void> => {
    await this.#lanes[name].run(async () => {
      const stopTimer = this.metrics.seconds.startTimer({ lane: name });
      try {
        await work();
        this.metrics.queries.inc({ lane: name, outcome: 'done' });
      } catch (error) {
        const cancelled = gone.aborted || engineError(error).code === 394;
        this.metrics.queries.inc({ lane: name, outcome: cancelled ? 'cancelled' : 'failed' });
        throw error;
      } finally {
        stopTimer();
      }
    }, gone);
  };

  /**
   * Ends the process at once, by a signal that runs no exit handler: those of a broken engine may hang.
   * The supervisor starts it again; what was acknowledged is on the disk.
   */
  #die(why: string): void {
    if (!this.#ready) return;
    this.log.fatal({ why }, 'the engine is lost: ending the process');
    process.kill(process.pid, 'SIGKILL');
  }
}
