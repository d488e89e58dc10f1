import { pino } from 'pino';
import type { Logger } from '../../../common/runtime/log.js';
import type { Simulation } from './simulation.js';

const SILENT = pino({ level: 'silent' });

/** What the product logs stands in the trace. */
export function traceLogger(sim: Simulation, name: string): Logger {
  if (!sim.traced) return SILENT;
  const write = (line: string) => {
    const { msg, ...rest } = JSON.parse(line) as { msg: string };
    sim.note(() => `${name} says: ${msg} ${JSON.stringify(rest)}`);
  };
  return pino({ level: 'debug', base: null, timestamp: false }, { write });
}
