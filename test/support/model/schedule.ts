import type { MemberRun } from './member-run.js';
import type { Plants } from './planted-faults.js';
import { startRollup } from './rollup-member.js';
import { Simulation, type Violation } from './simulation.js';
import { LAST_SEND_MS } from './workload.js';
import { World } from './world.js';
import { startWriter } from './writer-member.js';

export interface ScheduleOptions {
  readonly seed: number;
  /** Puts a fault into each member before it starts. */
  readonly plants?: Plants | undefined;
  /** Numbers of disturbances that are left out. */
  readonly without?: ReadonlySet<number>;
  readonly traced?: boolean;
}

export interface ScheduleResult {
  readonly violation: Violation | undefined;
  readonly disturbances: number;
  readonly trace: readonly string[];
}

/** From here on nothing goes wrong any more, virtual milliseconds. */
const CALM_MS = LAST_SEND_MS + 20_000;
/** By then all must be stored and committed: longer than any pause, timeout and rebalance one after the other. */
const REST_MS = CALM_MS + 240_000;
/** Between two looks at whether all is quiet. */
const LOOK_MS = 1_000;
/** The last late request has arrived after so long. */
const LATEST_MS = 60_000;

/** One life of the whole, from a seed: agents send, things go wrong, then it comes to rest and is looked at. */
export async function runSchedule(options: ScheduleOptions): Promise<ScheduleResult> {
  const { seed, without = new Set(), traced = false, plants = {} } = options;
  const sim = new Simulation({ seed, without, traced });
  sim.intensity = sim.random.pick([0.3, 1, 2, 4]);
  const world = new World(sim);
  const { writer = () => undefined, rollup = () => undefined } = plants;
  startSome(world, 'writer', (name) => startWriter(world, name, writer));
  startSome(world, 'rollup', (name) => startRollup(world, name, rollup));
  const outages = sim.random.below(3);
  for (let outage = 0; outage < outages; outage += 1) {
    sim.after(sim.random.between(0, CALM_MS - 15_000), () => {
      if (sim.goesWrong('the store is killed', 0.5)) world.store.kill(sim.random.between(100, 15_000));
    });
  }
  await sim.run(CALM_MS);
  sim.note(() => 'from here on nothing goes wrong');
  sim.intensity = 0;
  while (!world.isQuiet() && sim.violation === undefined && sim.nowMs < REST_MS) {
    await sim.run(sim.nowMs + LOOK_MS);
  }
  if (!world.isQuiet()) {
    sim.violate(
      'comes to rest',
      `not all is made ${(REST_MS - CALM_MS) / 1_000} s after the last disturbance`,
    );
  }
  // What its clients have sent and not seen answered comes after the last of them, too.
  world.stop();
  await sim.run(sim.nowMs + LATEST_MS);
  if (sim.violation === undefined) world.checkAtRest();
  return { violation: sim.violation, disturbances: sim.disturbances, trace: sim.trace };
}

/** One from the beginning, and up to two that join later. */
function startSome(world: World, kind: string, start: (name: string) => MemberRun): void {
  const { sim } = world;
  const members = 1 + sim.random.below(3);
  for (let member = 1; member <= members; member += 1) {
    const beginMs = member === 1 ? 0 : sim.random.between(0, LAST_SEND_MS);
    sim.after(beginMs, () => keepRunning(world, `${kind}-${member}`, start));
  }
}

/** What a supervisor does: whenever it has ended it is started again. */
function keepRunning(world: World, name: string, start: (name: string) => MemberRun): void {
  const { sim } = world;
  let runs = 0;
  const again = () => {
    runs += 1;
    if (world.stopped) return;
    const run = start(`${name}.${runs}`);
    world.lives.add(run.life);
    run.life.onEnd(() => {
      world.lives.delete(run.life);
      sim.after(sim.random.between(200, 3_000), again);
    });
    trouble(world, run);
  };
  again();
}

/** Now and then something happens to the process as such, whatever it is doing. */
function trouble(world: World, run: MemberRun): void {
  const { sim } = world;
  const { life } = run;
  sim.after(sim.random.between(1_000, 60_000), () => {
    if (!life.alive) return;
    const what = sim.random.pick(['kill', 'freeze', 'stop', 'rejoin']);
    if (sim.goesWrong(`${life.name}: ${what}`, 0.25)) {
      if (what === 'kill') life.kill('killed');
      else if (what === 'freeze') life.freeze(sim.random.between(500, 30_000));
      else life.deliver(() => (what === 'stop' ? run.stop() : run.rejoin()));
    }
    trouble(world, run);
  });
}
