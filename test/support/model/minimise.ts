import { runSchedule, type ScheduleOptions, type ScheduleResult } from './schedule.js';

/**
 * The same schedule with as few of its disturbances as still break the same invariant: leaves out ever smaller
 * pieces of them (ddmin), as long as it helps.
 */
export async function minimise(options: ScheduleOptions, failed: ScheduleResult): Promise<ScheduleResult> {
  const invariant = failed.violation?.invariant;
  let without = new Set<number>();
  const total = failed.disturbances;
  for (let piece = Math.ceil(total / 2); piece >= 1; piece = piece === 1 ? 0 : Math.ceil(piece / 2)) {
    for (let from = 1; from <= total; from += piece) {
      const more = new Set(without);
      for (let number = from; number < from + piece; number += 1) more.add(number);
      const { violation } = await runSchedule({ ...options, without: more });
      if (violation?.invariant === invariant) without = more;
    }
  }
  return runSchedule({ ...options, without, traced: true });
}
