import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Makes the metrics of one process: in one registry, and with names that begin with its own. */
export class MetricMaker {
  readonly #registry: Registry;
  readonly #prefix: string;

  /** @param process `writer` for metrics that are called `bellwether_writer_…` */
  constructor(registry: Registry, process: string) {
    this.#registry = registry;
    this.#prefix = `bellwether_${process}_`;
  }

  counter<T extends string>(name: string, help: string, labelNames: readonly T[] = []): Counter<T> {
    return new Counter({ ...this.#described(name, help), labelNames });
  }

  gauge<T extends string>(name: string, help: string, labelNames: readonly T[] = []): Gauge<T> {
    return new Gauge({ ...this.#described(name, help), labelNames });
  }

  /** @param buckets upper bounds, ascending, in the unit that the name ends with */
  histogram<T extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly T[] = [],
  ): Histogram<T> {
    return new Histogram({ ...this.#described(name, help), labelNames, buckets: [...buckets] });
  }

  /** A gauge that is read when somebody asks for the metrics. */
  readGauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      ...this.#described(name, help),
      collect: () => {
        gauge.set(read());
      },
    });
  }

  /** The same with one label, for each of its values. */
  readGaugeBy<V extends string>(
    name: string,
    help: string,
    by: { readonly label: string; readonly values: readonly V[] },
    read: (value: V) => number,
  ): void {
    const gauge: Gauge = new Gauge({
      ...this.#described(name, help),
      labelNames: [by.label],
      collect: () => {
        for (const value of by.values) gauge.set({ [by.label]: value }, read(value));
      },
    });
  }

  /** A counter that is read when somebody asks: `read` gives the count since the start of the process. */
  readCounter(name: string, help: string, read: () => number): void {
    const counter: Counter = new Counter({
      ...this.#described(name, help),
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  #described(name: string, help: string) {
    return { name: this.#prefix + name, help, registers: [this.#registry] };
  }
}
