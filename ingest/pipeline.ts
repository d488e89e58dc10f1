import type { Component } from '../common/runtime/component.js';
import { messageOf } from '../common/runtime/errors.js';
import type { Logger } from '../common/runtime/log.js';
import { spansOf, traceHeaders, type Span } from '../common/telemetry/telemetry.js';
import type { HelloFrame, NetnsFrame, SubjectFrame } from '../common/wire/frames.gen.js';
import type { Attributor } from './attribute/attributor.js';
import type { Rule } from './attribute/rules.js';
import type { AgentMetrics } from './metrics.js';
import { ReasonNames } from './reasons.js';
import type { BatchBuilder, Parcel } from './ship/batch-builder.js';
import type { Shipper } from './ship/shipper.js';
import type { Frame } from './source/frame.js';
import type { Recorder } from './source/recording.js';
import type { FrameSource } from './source/source.js';
import { WindowAssembler, type Window } from './source/window.js';

export interface PipelineOptions {
  readonly source: FrameSource;
  readonly attributor: Attributor;
  readonly builder: BatchBuilder;
  readonly shipper: Shipper;
  readonly metrics: AgentMetrics;
  readonly log: Logger;
  readonly recorder: Recorder | undefined;
  readonly maxEvents: number;
  /** Each window waits until the one before is shipped (a replay as fast as it can be read). */
  readonly paced: boolean;
  readonly expectedWindowMs: number;
  /** The frames ended without having been asked to: the loader is gone, or the recording is over. */
  readonly onEnd: () => void;
}

const inSpan = spansOf('ingest');
/** How long a stop waits for the loader's last window. */
const LAST_WINDOW_LIMIT_MS = 5_000;
const NS_PER_MS = 1_000_000n;

/** Frames → windows → owners → batches → the shipper, one window after another. */
export class Pipeline implements Component {
  readonly #options: PipelineOptions;
  readonly #windows: WindowAssembler;
  readonly #reasons = new ReasonNames();
  #rules: readonly Rule[] = [];
  #contestedTold = 0;
  #hello: HelloFrame | undefined;
  #stopping = false;
  /** While stopping: the last window, held until it is sure to be the last. */
  #held: Window | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#windows = new WindowAssembler(options.maxEvents);
  }

  /** Undefined when ready, otherwise what is still missing. */
  get notReady(): string | undefined {
    return this.#hello === undefined ? 'no HELLO frame has come yet: the loader is not there' : undefined;
  }

  get status(): object {
    const hello = this.#hello;
    return {
      kernel: hello?.kernelRelease ?? null,
      window: this.#windows.index,
      customers: this.#options.attributor.customers(),
      unknown_reasons: this.#reasons.unknown,
      owners_conflicts: this.#options.attributor.conflicts,
      contested: this.#options.attributor.contested,
    };
  }

  /** Puts rules in force from the window that is under way on. */
  setRules(rules: readonly Rule[]): void {
    const { attributor, metrics, log, source } = this.#options;
    this.#rules = rules;
    this.#contestedTold = 0;
    const left = attributor.setRules(rules, this.#windows.index);
    metrics.rules.set(rules.length);
    log.info(
      { rules: rules.length, customers: new Set(rules.map(({ owner }) => owner.customer)).size },
      'owners',
    );
    for (const conflict of attributor.conflicts) log.error({ conflict }, 'owners contradict each other');
    if (left > 0) log.error({ left }, 'more prefixes than the loader takes: these are not in force');
    if (this.#hello !== undefined) for (const frame of attributor.prefixFrames()) source.send(frame);
  }

  start(): Promise<void> {
    // Not awaited: it runs until the frames end. A rejection ends the process, which is what it should do.
    this.#running = this.#run();
    return Promise.resolve();
  }

  /** Asks for the last window, ships it with a goodbye, and waits for that. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#options.source.finish();
    const limit = setTimeout(() => {
      this.#options.log.error({ limitMs: LAST_WINDOW_LIMIT_MS }, "the loader's last window did not come");
      this.#options.source.close();
    }, LAST_WINDOW_LIMIT_MS);
    await this.#running.catch(() => undefined);
    clearTimeout(limit);
    await this.#options.recorder?.close().catch((error: unknown) => {
      this.#options.log.error({ error: messageOf(error) }, 'the recording is not whole');
    });
  }

  async #run(): Promise<void> {
    for await (const frame of this.#options.source.frames()) {
      this.#options.metrics.frames.inc({ type: frame.type });
      await this.#record(frame);
      const window = this.#take(frame);
      if (window === undefined) continue;
      if (this.#held !== undefined) await this.#finish(this.#held, false);
      this.#held = this.#stopping || this.#options.paced ? window : undefined;
      if (this.#held === undefined) await this.#finish(window, false);
    }
    if (this.#held !== undefined) await this.#finish(this.#held, true);
    if (!this.#stopping) this.#options.onEnd();
  }

  /** A recording that fails (a full disk) costs the recording, not the measurement. */
  async #record(frame: Frame): Promise<void> {
    const { recorder, log } = this.#options;
    try {
      await recorder?.write(frame, BigInt(Date.now()) * NS_PER_MS);
    } catch (error) {
      log.error({ error: messageOf(error) }, 'the recording failed and ends here');
    }
  }

  #take(frame: Frame): Window | undefined {
    switch (frame.type) {
      case 'hello':
        this.#greet(frame.body);
        break;
      case 'reason':
        if (!this.#reasons.learn(frame.body)) {
          this.#options.log.error({ reason: frame.body.name }, 'a drop reason that the taxonomy lacks');
        }
        break;
      case 'netns':
        this.#meet(frame.body);
        break;
      default:
    }
    return this.#windows.accept(frame);
  }

  #greet(hello: HelloFrame): void {
    const { attributor, log, source, expectedWindowMs } = this.#options;
    this.#hello = hello;
    attributor.setHost(hello.hostNetnsCookie);
    log.info(
      { kernel: hello.kernelRelease, cpus: hello.cpus, windowMs: hello.windowMs },
      'the loader is there',
    );
    if (hello.windowMs !== expectedWindowMs) {
      log.warn(
        { loader: hello.windowMs, configured: expectedWindowMs },
        "the loader's window length is in force",
      );
    }
    if (this.#rules.length > 0) for (const frame of attributor.prefixFrames()) source.send(frame);
  }

  #meet(netns: NetnsFrame): void {
    const { attributor, log, metrics } = this.#options;
    attributor.namespaces.observe(netns, this.#windows.index);
    metrics.namespaces.set(attributor.namespaces.size);
    log.debug({ path: netns.path, gone: netns.gone === 1 }, 'a network namespace');
  }

  async #finish(window: Window, goodbye: boolean): Promise<void> {
    await inSpan('window', (span) => this.#ship(window, goodbye, span));
    if (this.#options.paced) await this.#options.shipper.drained();
  }

  async #ship(window: Window, goodbye: boolean, span: Span): Promise<void> {
    const { attributor, builder, shipper, metrics } = this.#options;
    await attributor.prepare(subjectsOf(window), window.index);
    const { parcel, unattributed } = builder.build(window, {
      attribute: attributor,
      reasonName: (id) => this.#reasons.nameOf(id),
      customers: attributor.customers(),
      goodbye,
    });
    describe(span, window, parcel);
    shipper.ship({ ...parcel, trace: traceHeaders() });
    this.#tellContested();
    metrics.windows.inc();
    metrics.points.inc(parcel.points);
    metrics.events.inc(parcel.events);
    for (const [signal, value] of Object.entries(unattributed)) metrics.unattributed.inc({ signal }, value);
    metrics.unknownReasons.set(this.#reasons.unknown.length);
    metrics.lastWindowEnd.set(window.endMs / 1_000);
  }

  #tellContested(): void {
    const { attributor, log } = this.#options;
    const { contested } = attributor;
    if (contested.length === this.#contestedTold) return;
    const subjects = contested.slice(this.#contestedTold);
    this.#contestedTold = contested.length;
    log.error({ subjects }, 'different customers claim what was measured: it stays unattributed');
  }
}

function describe(span: Span, window: Window, { identity, points, events }: Parcel): void {
  span.setAttribute('host.id', identity.hostId);
  span.setAttribute('bellwether.run', identity.run);
  span.setAttribute('bellwether.seq', identity.seq);
  span.setAttribute('bellwether.window.end', new Date(window.endMs).toISOString());
  span.setAttribute('bellwether.points', points);
  span.setAttribute('bellwether.events', events);
}

function* subjectsOf(window: Window): Generator<SubjectFrame> {
  for (const { subject } of window.drops) yield subject;
  for (const { subject } of window.tcp) yield subject;
  for (const { subject } of window.histograms) yield subject;
  for (const { subject } of window.events) yield subject;
}
