/**
 * `pipeline`: how fast messages become rows, and what of it takes how long. A broker, a store and one writer on this
 * machine; beside them ClickHouse's own Kafka engine reads the same topic into a table of the same columns.
 */
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { KAFKA_VERSION } from '../../embedded/kafka/artifacts.js';
import type { Bench, BenchContext } from './bench.js';
import { measureDecode, measureGeneralDecode } from './pipeline/decode.js';
import { measureDelay } from './pipeline/delay.js';
import { fill, fleetFor, type Filling } from './pipeline/fill.js';
import { runPeer, type Peer } from './pipeline/peer-run.js';
import { readProfile, stagesOf, type Stage } from './pipeline/profile.js';
import { askNumber, startSite, type Site } from './pipeline/site.js';
import { middle, percentile, range, spread } from './pipeline/statistics.js';
import { runWriter, type Reading } from './pipeline/writer-run.js';

const HOSTS = 100;
const REPEATS = 3;
/** 2 million points: the first 200,000 meet code that is not compiled yet. */
const WINDOWS = 100;
/** The general decoder takes some ten times as long. */
const GENERALLY_DECODED_MESSAGES = 200;
const DELAY_WINDOWS = 10;

/** As our writer: blocks of about 100,000 rows of 200 a message, or after 500 ms. */
const block = { blockMessages: 500, flushMs: 500 };
const PEERS: readonly Peer[] = [
  { ...block, name: 'Kafka engine, 1 consumer', consumers: 1, profile: {} },
  {
    ...block,
    name: 'Kafka engine, 2 consumers with a thread each, optimize_on_insert = 0',
    consumers: 2,
    profile: { optimize_on_insert: '0' },
  },
];

type Say = (line: string) => void;

async function run(context: BenchContext): Promise<readonly string[]> {
  const lines: string[] = [];
  const say: Say = (line) => {
    lines.push(line);
    context.log(line);
  };
  const site = await startSite();
  try {
    say(await describeMachine(site));
    say('npm run bench -- pipeline');
    const filling = await fill(site, fleetFor(HOSTS, WINDOWS), WINDOWS);
    say(describeFilling(filling));
    sayDecode(filling, say);
    await compare(site, filling.points, say);
    say(await bytesOfPoint(site));
    const profiled = await runProfiled(site, filling.points);
    say(describeStages(profiled, filling.points));
    say(describeDelays(await measureDelay(site, profiled.reading.group, DELAY_WINDOWS)));
  } finally {
    await site.stop();
  }
  return lines;
}

async function describeMachine({ client }: Site): Promise<string> {
  const model = cpus()[0]?.model ?? 'unknown processor';
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const version = await client.query({ query: 'SELECT version()', format: 'TabSeparatedRaw' });
  const clickHouse = (await version.text()).trim();
  return `${cpus().length} × ${model}, ${memory} GiB, kernel ${release()}, Node ${process.version}, ClickHouse ${clickHouse} (chdb), Kafka ${KAFKA_VERSION}`;
}

function describeFilling({ messages, points, bytes }: Filling): string {
  const kib = (bytes / messages / 1024).toFixed(1);
  return `${messages} messages of ${HOSTS} hosts × ${WINDOWS} windows, ${points / messages} points and ${kib} KiB each before gzip; each in a record set of its own`;
}

function sayDecode({ some, points, messages }: Filling, say: Say): void {
  const each = points / messages;
  const few = some.slice(0, GENERALLY_DECODED_MESSAGES);
  const general = measureGeneralDecode(few, few.length * each);
  const walked = measureDecode(some, some.length * each);
  const rate = Math.round(1e6 / middle(walked));
  say(`message to rows, one core: ${rate.toLocaleString('en')} points/s: ${range(walked, 2)} µs a point`);
  say(`message to rows by the general decoder: ${range(general, 2)} µs a point`);
}

async function compare(site: Site, points: number, say: Say): Promise<void> {
  const ours: Reading[] = [];
  const theirs = PEERS.map((): Reading[] => []);
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    for (const [i, peer] of PEERS.entries()) theirs[i]?.push(await runPeer(site, points, peer));
    // The peers first: what they leave in the page cache of the broker's log serves whoever comes next.
    ours.push(await runWriter(site, points));
  }
  const rateOf = ({ seconds }: Reading) => points / seconds;
  const rates = ours.map(rateOf);
  say(`Kafka → tables, our writer: ${spread(rates)} points/s; ${processorOf(ours, points)}`);
  for (const [i, peer] of PEERS.entries()) {
    const readings = theirs[i] ?? [];
    const ratio = middle(rates) / middle(readings.map(rateOf));
    say(
      `Kafka → table, ${peer.name}: ${spread(readings.map(rateOf))} points/s; ${processorOf(readings, points)}; ours is ${ratio.toFixed(2)} × that`,
    );
  }
}

function processorOf(readings: readonly Reading[], points: number): string {
  const of = (who: 'reader' | 'store' | 'broker') =>
    middle(readings.map(({ processor }) => (processor[who] * 1e6) / points)).toFixed(2);
  const store = readings.some(({ processor }) => processor.store > 0) ? `, store ${of('store')}` : '';
  return `processor µs a point: reader ${of('reader')}${store}, broker ${of('broker')}`;
}

interface Profiled {
  readonly reading: Reading;
  readonly stages: Readonly<Record<Stage, number>>;
}

async function runProfiled(site: Site, points: number): Promise<Profiled> {
  const file = process.env.BELLWETHER_BENCH_PROFILE ?? join(site.store.directory, 'writer.cpuprofile');
  const reading = await runWriter(site, points, {
    main: 'test/bench/pipeline/profiled-writer.js',
    variables: { BENCH_PROFILE: file },
  });
  return { reading, stages: stagesOf(readProfile(file)) };
}

/** The writer's own processor time by stage: its profile's shares of what the process used in all. */
function describeStages({ reading, stages }: Profiled, points: number): string {
  const all = Object.values(stages).reduce((sum, us) => sum + us, 0);
  const reader = (reading.processor.reader * 1e6) / points;
  const parts = Object.entries(stages).map(([stage, us]) => `${stage} ${((us / all) * reader).toFixed(2)}`);
  return `writer's ${reader.toFixed(2)} µs a point, with V8's profiler on, by its shares: ${parts.join(', ')}`;
}

/** After all merges. */
async function bytesOfPoint({ client }: Site): Promise<string> {
  await client.command({ query: 'OPTIMIZE TABLE bellwether.samples FINAL' });
  const ask = (sum: string) =>
    askNumber(client, `SELECT sum(${sum}) AS n FROM system.parts WHERE active AND table = 'samples'`);
  const [bytes, rows] = [await ask('bytes_on_disk'), await ask('rows')];
  return `a stored point, merged: ${(bytes / rows).toFixed(1)} bytes on the disk (${rows.toLocaleString('en')} rows)`;
}

function describeDelays(delays: readonly number[]): string {
  const [half, most, longest] = [0.5, 0.99, 1].map((q) => percentile(delays, q));
  return `window end → in the table at 20,000 points/s from ${HOSTS} hosts at once: p50 ${half} ms, p99 ${most} ms, longest ${longest} ms (${delays.length} messages, looked at every 20 ms)`;
}

export default { name: 'pipeline', plannedSeconds: 300, needs: 'nothing', run } satisfies Bench;
