import { availableParallelism } from 'node:os';
import { z } from 'zod';
import {
  commonEnvironment,
  parseEnvironment,
  port,
  positiveInteger,
} from '../../common/config/environment.js';
import { DEFAULT_PORTS } from '../../common/config/ports.js';
import { usersSchema } from './users.js';

const GIB = 1_073_741_824;
const HALF_OF_THE_PROCESSORS = Math.max(1, Math.floor(availableParallelism() / 2));
const flag = (fallback: boolean) =>
  z
    .enum(['0', '1'])
    .default(fallback ? '1' : '0')
    .transform((text) => text === '1');

const schema = z
  .object({
    ...commonEnvironment,
    BELLWETHER_STORE_PORT: port(DEFAULT_PORTS.store),
    /** The only directory that must be writable: data, temporary files, the engine's configuration. */
    BELLWETHER_STORE_DIR: z.string().min(1, 'must be the directory that the data lies in'),
    BELLWETHER_STORE_USERS: usersSchema,
    /** Queries at once, and how many may wait, for each lane. */
    BELLWETHER_STORE_READS: positiveInteger(Math.max(4, availableParallelism())),
    BELLWETHER_STORE_STATEMENTS: positiveInteger(2),
    BELLWETHER_STORE_INSERTS: positiveInteger(4),
    BELLWETHER_STORE_QUEUE: positiveInteger(64),
    /**
     * Threads of a statement that does not say how many itself: half of the processors, so that inserts and reads
     * find one while a rollup recomputes a minute.
     */
    BELLWETHER_STORE_STATEMENT_THREADS: positiveInteger(HALF_OF_THE_PROCESSORS),
    /** Threads that merge parts: with as many as processors, an insert waits for them a second and longer. */
    BELLWETHER_STORE_MERGE_THREADS: positiveInteger(HALF_OF_THE_PROCESSORS),
    /**
     * Nice value: agent, broker and writer of the same machine come first. In one pair of runs of bounded-delay, one
     * after the other on two processors, p50 fell from 1.5 to 1.3 s and p99 from 2.4 to 2.0 s; single runs differ as much.
     */
    BELLWETHER_STORE_NICE: z.coerce.number().int().min(0).max(19).default(5),
    /** Bytes that the whole engine may use. */
    BELLWETHER_STORE_MEMORY: positiveInteger(4 * GIB),
    /** Bytes that one query or insert may use. */
    BELLWETHER_STORE_QUERY_MEMORY: positiveInteger(2 * GIB),
    BELLWETHER_STORE_MARK_CACHE: positiveInteger(128 * 1_048_576),
    /** Flush each insert to the disk before it is acknowledged (about 4 ms here): Kafka offsets move after it. */
    BELLWETHER_STORE_FSYNC: flag(true),
    /** Bounds of `read` users, which they cannot raise: seconds, rows, bytes. */
    BELLWETHER_STORE_READ_SECONDS: positiveInteger(60),
    BELLWETHER_STORE_READ_RESULT_ROWS: positiveInteger(5_000_000),
    BELLWETHER_STORE_READ_RESULT_BYTES: positiveInteger(GIB),
    BELLWETHER_STORE_READ_ROWS: positiveInteger(1_000_000_000),
    /** Bytes of a result that has to be made in one piece (JSON, Parquet, …): it is held in memory. */
    BELLWETHER_STORE_WHOLE_BYTES: positiveInteger(256 * 1_048_576),
    /** Uncompressed bytes of one insert. */
    BELLWETHER_STORE_INSERT_BYTES: positiveInteger(GIB),
    /** How often the parts of the tables are looked at, seconds. */
    BELLWETHER_STORE_PARTS_SECONDS: positiveInteger(10),
    /** Seconds without an answer to a trivial query after which the process ends itself. */
    BELLWETHER_STORE_SELF_CHECK_SECONDS: positiveInteger(30),
  })
  .refine((value) => value.BELLWETHER_STORE_QUERY_MEMORY <= value.BELLWETHER_STORE_MEMORY, {
    path: ['BELLWETHER_STORE_QUERY_MEMORY'],
    message: 'must not be more than BELLWETHER_STORE_MEMORY',
  });

export type StoreConfig = Readonly<z.output<typeof schema>>;

/** @throws BellwetherError `config_invalid` that names each variable. */
export function readConfig(environment?: NodeJS.ProcessEnv): StoreConfig {
  return parseEnvironment(schema, environment);
}

/** Threads that libuv's pool needs so that no lane waits for another: chunks and inserts, checks, gzip. */
export function poolThreads(config: StoreConfig): number {
  const { BELLWETHER_STORE_READS: reads, BELLWETHER_STORE_STATEMENTS: statements } = config;
  return reads + statements + 2 * config.BELLWETHER_STORE_INSERTS + 8;
}
