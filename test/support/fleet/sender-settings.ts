import { z } from 'zod';
import { fleetPlan } from './plan.js';

/** The environment variable that holds the sender's settings as JSON. */
export const SETTINGS = 'FLEET_SENDER';
/** The Kafka header that says which batch a message is, so that the log is read back without decoding. */
export const BATCH_HEADER = 'fleet.batch';

export const senderSettings = z.object({
  brokers: z.array(z.string()).min(1),
  plan: fleetPlan,
  run: z.uuid(),
  /** First batch and the one after the last; batch n is host n modulo hosts of window n divided by hosts. */
  from: z.number().int().nonnegative().default(0),
  to: z.number().int().positive(),
  pace: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('rate'), pointsPerSecond: z.number().positive() }),
    /** As agents do: each batch when its window has ended, hosts spread over so many milliseconds. */
    z.object({ kind: z.literal('live'), spreadMs: z.number().nonnegative().default(0) }),
  ]),
  acknowledgedFile: z.string(),
  compression: z.enum(['gzip', 'none']).default('gzip'),
});
export type SenderSettings = z.output<typeof senderSettings>;
/** With what has a default left out. */
export type SenderInput = z.input<typeof senderSettings>;
