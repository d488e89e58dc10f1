import type { Life } from './life.js';
import type { Simulation } from './simulation.js';

/** What a process asks over the network. */
export interface Remote {
  readonly up: boolean;
  /** Another number after each restart: what was asked before is not answered. */
  readonly run: number;
}

/** After this a client gives up an answer; what it asked may still be done. */
const ANSWER_LIMIT_MS = 3_000;
/** A request that lies in some buffer arrives at last after so long. */
const LATE_MS = [2_000, 45_000] as const;
/** Longer and shorter than a group's patience. */
const FROZEN_MS = [500, 30_000] as const;

const LIKELY = { refused: 0.03, late: 0.02, unanswered: 0.03, frozen: 0.012, killed: 0.012 };

/**
 * Asks a remote for something that it does at one moment. The request may be refused, done without an answer, or
 * done much later, also after the client has asked again or died; the client may be killed or stand still
 * meanwhile.
 */
export function ask<T>(sim: Simulation, life: Life, remote: Remote, what: string, act: () => T): Promise<T> {
  const label = `${life.name} ${what}`;
  return new Promise<T>((resolve, reject) => {
    const answer = (afterMs: number, then: () => void) => sim.after(afterMs, () => life.deliver(then));
    const fail = (afterMs: number, text: string) => answer(afterMs, () => reject(new Error(text)));
    if (sim.goesWrong(`${label}: refused`, LIKELY.refused)) {
      fail(sim.latency(), 'connect ECONNREFUSED');
      return;
    }
    const late = sim.goesWrong(`${label}: arrives late`, LIKELY.late);
    const unanswered = sim.goesWrong(`${label}: no answer`, LIKELY.unanswered);
    if (late || unanswered) fail(ANSWER_LIMIT_MS, 'socket timeout');
    disturb(sim, life, label);
    sim.after(late ? sim.random.between(...LATE_MS) : sim.latency(), () => {
      if (!remote.up) {
        fail(sim.latency(), 'connect ECONNREFUSED');
        return;
      }
      const { run } = remote;
      const outcome = attempt(act);
      if (unanswered) return;
      answer(sim.latency(), () => {
        if (remote.run !== run) reject(new Error('socket hang up'));
        else if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.value);
      });
    });
  });
}

/** The client is killed, or stands still, while its request is under way: so at every step of what it does. */
function disturb(sim: Simulation, life: Life, label: string): void {
  if (sim.goesWrong(`${label}: killed meanwhile`, LIKELY.killed)) {
    sim.after(sim.random.between(0, 60), () => life.kill('killed'));
  } else if (sim.goesWrong(`${label}: stands still meanwhile`, LIKELY.frozen)) {
    sim.after(sim.random.between(0, 60), () => life.freeze(sim.random.between(...FROZEN_MS)));
  }
}

function attempt<T>(act: () => T): { readonly value: T } | { readonly error: Error } {
  try {
    return { value: act() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}
