import { Simulation, type Violation } from './simulation.js';
import { LAST_SEND_MS } from './workload.js';
import { World } from './world.js';
import { startWriter, type WriterMember, type WriterRun } from './writer-member.js';

export interface ScheduleOptions {
  readonly seed: number;
  /** Puts a fault into each writer before it starts. */
  readonly plant?: ((member: WriterMember) => void) | undefined;
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
/** The last late request has arrived after so long. */
const LATEST_MS = 60_000;

/** One life of the whole, from a seed: agents send, things go wrong, then it comes to rest and is looked at. */
export async function runSchedule(options: ScheduleOptions): Promise<ScheduleResult> {
  const { seed, without = new Set(), traced = false, plant = () => undefined } = options;
  const sim = new Simulation({ seed, without, traced });
  sim.intensity = sim.random.pick([0.3, 1, 2, 4]);
  const world = new World(sim);
  const slots = 1 + sim.random.below(3);
  for (let slot = 1; slot <= slots; slot += 1) {
    const beginMs = slot === 1 ? 0 : sim.random.between(0, LAST_SEND_MS);
    sim.after(beginMs, () => keepRunning(world, `writer-${slot}`, plant));
  }
  const outages = sim.random.below(3);
  for (let outage = 0; outage < outages; outage += 1) {
    sim.after(sim.random.between(0, CALM_MS - 15_000), () => {
      if (sim.goesWrong('the store is killed', 0.5)) world.store.kill(sim.random.between(100, 15_000));
    });
  }
  await sim.run(CALM_MS);
  sim.note(() => 'from here on nothing goes wrong');
  sim.intensity = 0;
  const rests = await sim.run(REST_MS, () => world.isQuiet());
  if (!rests)
    sim.violate(
      'comes to rest',
      `not all is committed ${(REST_MS - CALM_MS) / 1_000} s after the last fault`,
    );
  await sim.run(sim.nowMs + LATEST_MS);
  if (sim.violation === undefined) world.checkAtRest();
  return { violation: sim.violation, disturbances: sim.disturbances, trace: sim.trace };
}

/** What a supervisor does: whenever it has ended it is started again. */
function keepRunning(world: World, name: string, plant: (member: WriterMember) => void): void {
  const { sim } = world;
  let runs = 0;
  const start = () => {
    runs += 1;
    const run = startWriter(world, `${name}.${runs}`, plant);
    run.life.onEnd(() => sim.after(sim.random.between(200, 3_000), start));
    trouble(world, run);
  };
  start();
}

/** Now and then something happens to the process as such, whatever it is doing. */
function trouble(world: World, run: WriterRun): void {
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
