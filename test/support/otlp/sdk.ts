import { resourceFromAttributes } from '@opentelemetry/resources';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import { ValueType, type Attributes } from '@opentelemetry/api';
import { z } from 'zod';

export interface SdkOptions {
  /** Where it sends to, as an OTLP/HTTP exporter is configured. */
  readonly url: string;
  readonly token?: string;
  readonly encoding: 'protobuf' | 'json';
  readonly temporality: 'delta' | 'cumulative';
  readonly gzip?: boolean;
  /** Beside `service.name` = `app`. */
  readonly app: string;
  readonly resource?: Attributes;
}

/** The real OpenTelemetry SDK with its real exporter, and what it says that it sent. */
export interface Sdk {
  /** Records one round of values with every kind of instrument. */
  record(round: number): void;
  /** Sends; rejects with what the exporter says when it was not taken. */
  flush(): Promise<void>;
  /** Hands what was sent last to an exporter of that encoding as well. */
  sendAgain(encoding: SdkOptions['encoding']): Promise<void>;
  /** What was handed to the exporter, one for each flush. */
  readonly sent: readonly ResourceMetrics[];
  stop(): Promise<void>;
}

/** Histograms by name, and what was recorded in each round. */
export const HISTOGRAM_VALUES: Readonly<Record<string, (round: number) => readonly number[]>> = {
  // Powers of two are upper bounds, which belong to the bucket below.
  'otlp.explicit': (round) => [0, 0.004, 0.005, 0.25, 7 + round, 99_999],
  // A narrow range: the SDK takes its finest scale, 20, for it.
  'otlp.fine': (round) => [1.001, 1.002, 1.003, 1.004 + round / 1_024, 1.003],
  // About our scale.
  'otlp.middle': (round) => [0, 0.25, 0.3, 0.37, 0.5, 0.7 + round / 64],
  // Forty doublings in four buckets: the SDK goes down to scale -4 or so.
  'otlp.coarse': (round) => [0, 2 ** -20, 3 * 2 ** -12, 5, 1_000 + round, 2 ** 20],
};

const VIEWS: ViewOptions[] = [
  { instrumentName: 'otlp.fine', aggregation: exponential(160) },
  { instrumentName: 'otlp.middle', aggregation: exponential(20) },
  { instrumentName: 'otlp.coarse', aggregation: exponential(4) },
  {
    instrumentName: 'otlp.explicit',
    aggregation: {
      type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
      options: { recordMinMax: true, boundaries: [0, 0.005, 0.25, 10] },
    },
  },
];

/** How they are stored. */
export const ATTRIBUTE_TEXTS: Readonly<Record<string, string>> = {
  text: 'a "quoted" naïve Wert',
  whole: '7',
  real: '0.5',
  flag: 'true',
  list: '["x","y"]',
};

function exponential(maxSize: number) {
  return { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize } } as const;
}

/** One of each type. */
export const ATTRIBUTES: Attributes = {
  text: 'a "quoted" naïve Wert',
  whole: 7,
  real: 0.5,
  flag: true,
  list: ['x', 'y'],
};

export function startSdk(options: SdkOptions): Sdk {
  const sent: ResourceMetrics[] = [];
  const failures: Error[] = [];
  const exporter = watched(options, (metrics, error) => {
    sent.push(metrics);
    if (error !== undefined) failures.push(error);
  });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': options.app, ...options.resource }),
    views: VIEWS,
    // It sends when it is flushed, not by itself.
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  });
  const record = instruments(provider);
  return {
    record,
    sent,
    async flush() {
      failures.length = 0;
      await provider.forceFlush();
      const [failure] = failures;
      if (failure !== undefined) throw failure;
    },
    async sendAgain(encoding) {
      const last = sent.at(-1);
      if (last === undefined) throw new Error('nothing was sent yet');
      await new Promise<void>((resolve, reject) => {
        const again = watched({ ...options, encoding }, (_metrics, error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
        again.export(last, () => void again.shutdown());
      });
    },
    stop: () => provider.shutdown().catch(() => undefined),
  };
}

type ExporterOptions = NonNullable<ConstructorParameters<typeof ProtobufExporter>[0]>;

/** The exporter brings the types of an SDK of its own, a patch release behind. */
const anExporter = z.custom<PushMetricExporter>((value) => value instanceof Object && 'export' in value);

/** The exporter, whose input and outcome are told. */
function watched(
  options: SdkOptions,
  onExport: (metrics: ResourceMetrics, error: Error | undefined) => void,
): PushMetricExporter {
  const headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const configuration: ExporterOptions = { url: options.url, headers, timeoutMillis: 10_000 };
  // The enum of this string belongs to a package that is not ours to import.
  if (options.gzip === true) Object.assign(configuration, { compression: 'gzip' });
  const Exporter = options.encoding === 'json' ? JsonExporter : ProtobufExporter;
  const exporter = anExporter.parse(new Exporter(configuration));
  const temporality =
    options.temporality === 'delta' ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
  return {
    export: (metrics, done) => {
      exporter.export(metrics, (result) => {
        onExport(metrics, result.error);
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    // For all instruments: the exporter's own preferences keep counters that go down cumulative.
    selectAggregationTemporality: () => temporality,
  };
}

function instruments(provider: MeterProvider): (round: number) => void {
  const meter = provider.getMeter('otlp.promise', '1');
  const whole = meter.createCounter('otlp.counter', { unit: '{request}', valueType: ValueType.INT });
  const real = meter.createCounter('otlp.counter.real', { unit: 's' });
  const upDown = meter.createUpDownCounter('otlp.up.down', { unit: '{connection}' });
  const gauge = meter.createGauge('otlp.gauge', { unit: 'Cel' });
  let observed = 0;
  meter
    .createObservableCounter('otlp.observed')
    .addCallback((result) => result.observe(observed, ATTRIBUTES));
  const histograms = Object.entries(HISTOGRAM_VALUES).map(([name, valuesOf]) => {
    return { histogram: meter.createHistogram(name, { unit: 's' }), valuesOf };
  });
  return (round) => {
    whole.add(3 + round, ATTRIBUTES);
    whole.add(2, { text: 'other' });
    real.add(0.125 * (round + 1));
    upDown.add(round % 2 === 0 ? 5 : -8);
    gauge.record(-20.5 - round, { room: 'cold' });
    observed += 10 + round;
    for (const { histogram, valuesOf } of histograms) {
      for (const value of valuesOf(round)) histogram.record(value, ATTRIBUTES);
    }
  };
}
