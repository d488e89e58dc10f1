import { BellwetherError } from '../../common/runtime/errors.js';
import type { StackFile } from './stack-file.js';
import type { Terminal } from './terminal.js';
import { Unit, type UnitSpec } from './unit.js';

/** The units of a running stack, in the order in which data passes. */
export class Stack {
  private readonly units: Unit[] = [];
  private stopping = false;

  constructor(
    private readonly terminal: Terminal,
    /** Called whenever a process or a state changed. */
    private readonly changed: () => void,
  ) {}

  /**
   * Starts a unit and waits until it is ready.
   * @throws BellwetherError `setup_failed` when it fails, or when the stack is being stopped.
   */
  async start(spec: UnitSpec, why: string): Promise<void> {
    this.demandGoing(spec);
    this.terminal.say(`starting ${spec.name}: ${why}`);
    const begin = performance.now();
    const unit = new Unit(spec, { say: (line) => this.terminal.say(line), changed: this.changed });
    this.units.push(unit);
    await unit.start();
    this.demandGoing(spec);
    this.terminal.say(`  ${spec.name} is ready (${seconds(begin)})`);
  }

  private demandGoing(spec: UnitSpec): void {
    if (this.stopping)
      throw new BellwetherError('setup_failed', `${spec.name} is not started: the stack stops`);
  }

  /**
   * Stops all units, the last started first, and lets no other start. A unit whose start is under way is ended
   * as well.
   */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const unit of [...this.units].reverse()) {
      if (unit.state === 'stopped') continue;
      const begin = performance.now();
      const how = await unit.stop();
      this.terminal.say(`${unit.spec.name}: ${how} (${seconds(begin)})`);
    }
  }

  /** Every process of the stack, as stack.json lists them. */
  parts(): StackFile['parts'] {
    return this.units.flatMap((unit) =>
      unit.processes.map(({ spec, identity, outcome }) => ({
        name: spec.name,
        ...identity,
        state: outcome === undefined ? unit.state : 'ended',
        restarts: unit.restarts,
      })),
    );
  }
}

export function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
