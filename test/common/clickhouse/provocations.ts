import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { connectClickHouse, DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import type { RunningStore, Who } from '../../support/store.js';

/** So large an insert the store of this test takes, and one insert at once, with one more that waits. */
export const STORE_VARIABLES = {
  BELLWETHER_STORE_INSERT_BYTES: '100000',
  BELLWETHER_STORE_INSERTS: '1',
  BELLWETHER_STORE_QUEUE: '1',
};

/** Tables that have something to refuse. */
export const TABLES = [
  `t (a UInt8, s String, e Enum8('x' = 1), list Array(UInt8), d DateTime, f FixedString(4),
      CONSTRAINT small CHECK a < 100) ENGINE = MergeTree ORDER BY a`,
  'partitioned (a UInt8) ENGINE = MergeTree PARTITION BY a ORDER BY a',
  `few_parts (a UInt8) ENGINE = MergeTree ORDER BY a
     SETTINGS parts_to_throw_insert = 1, parts_to_delay_insert = 0`,
  `full_disk (a UInt8) ENGINE = MergeTree ORDER BY a
     SETTINGS min_free_disk_bytes_to_perform_insert = 1000000000000000`,
];

/** What a provocation may use. */
export class Engine {
  readonly #clients = new Map<Who, ClickHouseClient>();

  constructor(readonly store: RunningStore) {}

  client(who: Who): ClickHouseClient {
    const client =
      this.#clients.get(who) ?? connectClickHouse({ url: this.store.url(who), application: 'test' });
    this.#clients.set(who, client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) await client.close();
  }

  async run(
    query: string,
    settings: Record<string, string | number> = {},
    who: Who = 'admin',
  ): Promise<void> {
    await this.client(who).command({ query, clickhouse_settings: settings });
  }

  async insert(what: string, body: Buffer | Readable, settings: Record<string, number> = {}): Promise<void> {
    const values = body instanceof Readable ? body : Readable.from([body], { objectMode: false });
    const query = `INSERT INTO ${DATABASE}.${what}`;
    const sent = await this.client('admin').exec({ query, values, clickhouse_settings: settings });
    sent.stream.resume();
    await new Promise((resolve) => sent.stream.once('close', resolve));
  }

  /** Inserts whose data does not end until `end` is called; the store has begun with the first. */
  async openInserts(count: number): Promise<{ end: () => Promise<unknown> }> {
    const bodies = Array.from({ length: count }, () => new Readable({ read: () => undefined }));
    const inserts: Promise<unknown>[] = [];
    for (const body of bodies) {
      body.push(Buffer.from([1]));
      inserts.push(this.insert('t (a) FORMAT RowBinary', body).catch((error: unknown) => error));
      await delay(100);
    }
    const end = () => {
      for (const body of bodies) body.push(null);
      return Promise.all(inserts);
    };
    return { end };
  }
}

/** Makes the engine refuse. */
export type Provocation = (engine: Engine) => Promise<unknown>;

const bytes = (...values: number[]) => Buffer.from(values);
const lines = (text: string) => Buffer.from(text);
/** A varint far above any bound. */
const HUGE = [255, 255, 255, 255, 255, 255, 255, 127];
const ENDLESS = 'SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))';

const select =
  (expression: string, settings: Record<string, string | number> = {}): Provocation =>
  (engine) =>
    engine.run(`SELECT ${expression}`, settings);
const statement =
  (query: string, who: Who = 'admin'): Provocation =>
  (engine) =>
    engine.run(query, {}, who);
const insert =
  (what: string, body: Buffer, settings: Record<string, number> = {}): Provocation =>
  (engine) =>
    engine.insert(what, body, settings);

/** By code: what makes the real engine say it. Inserts as the writer sends them where these can. */
export const PROVOCATIONS: Readonly<Record<number, Provocation>> = {
  // The rows.
  6: select("CAST('x', 'UInt8')"),
  27: insert('t (a) FORMAT JSONEachRow', lines('{"a" 1}')),
  32: select("toInt32('')"),
  33: insert('t (a, s) FORMAT RowBinary', bytes(1, 5, 65)),
  38: select("toDate('x')"),
  41: select("toDateTime('x')"),
  53: select("* FROM values('a UInt8', ([1]))"),
  69: select("toDateTime64('2020-01-01', 20)"),
  70: select("accurateCast(300, 'UInt8')"),
  72: insert('t (a) FORMAT JSONEachRow', lines('{"a": -1}')),
  117: insert('t (a) FORMAT JSONEachRow', lines('{"b": 1}'), { input_format_skip_unknown_fields: 0 }),
  128: insert('t (list) FORMAT RowBinary', bytes(...HUGE)),
  131: insert('t (s) FORMAT RowBinary', bytes(...HUGE)),
  190: select('arrayMap((a, b) -> 1, [1], [1, 2])'),
  307: insert('t (a) FORMAT RowBinary', Buffer.alloc(100_001, 1)),
  349: select("CAST(if(number = 1, NULL, number), 'UInt8') FROM numbers(3)"),
  407: select('toDecimal32(1e9, 9)'),
  469: insert('t (a) FORMAT RowBinary', bytes(200)),
  691: insert('t (e) FORMAT JSONEachRow', lines('{"e": "y"}')),

  // Load, restarts, network, disk.
  159: select(ENDLESS.replace('SELECT ', ''), { max_execution_time: 1 }),
  202: async (engine) => {
    const open = await engine.openInserts(2);
    const third = engine.insert('t (a) FORMAT RowBinary', bytes(1));
    await third.finally(() => open.end());
  },
  241: insert('t (a) FORMAT RowBinary', Buffer.alloc(90_000, 1), { max_memory_usage: 1_000 }),
  243: insert('full_disk (a) FORMAT RowBinary', bytes(1)),
  252: async (engine) => {
    await engine.insert('few_parts (a) FORMAT RowBinary', bytes(1));
    await engine.insert('few_parts (a) FORMAT RowBinary', bytes(2));
  },
  394: async (engine) => {
    const query = engine.run(ENDLESS);
    const killing = delay(300).then(() =>
      engine.run(`KILL QUERY WHERE query LIKE '%${'1'.padEnd(13, '0')}%' ASYNC`),
    );
    await Promise.all([query, killing]);
  },

  // The schema, the rights or the statement.
  16: insert('t (nothing) FORMAT RowBinary', bytes(1)),
  36: select("dateDiff('fortnight', now(), now())"),
  43: statement(`INSERT INTO ${DATABASE}.t (a) SELECT [1]`),
  46: select('absent(1)'),
  47: select(`nothing FROM ${DATABASE}.t`),
  48: statement('INSERT INTO system.numbers VALUES (1)'),
  60: insert('nothing (a) FORMAT RowBinary', bytes(1)),
  62: statement('SELEC 1'),
  73: insert('t (a) FORMAT Nothing', bytes(1)),
  81: statement('SELECT * FROM nothing.t'),
  115: statement(`CREATE TABLE ${DATABASE}.q (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS nothing = 1`),
  164: statement(`INSERT INTO ${DATABASE}.t (a) VALUES (1)`, 'reader'),
  452: select('1', { nothing: 1 }),
  497: statement(`CREATE TABLE ${DATABASE}.q (a UInt8) ENGINE = MergeTree ORDER BY a`, 'writer'),
  516: async ({ store }) => {
    const url = `http://writer:wrong@127.0.0.1:${store.port}`;
    const client = connectClickHouse({ url, application: 'test' });
    await client.command({ query: 'SELECT 1' }).finally(() => client.close());
  },
  // Last: the store that says it is about to end.
  236: async (engine) => {
    const open = await engine.openInserts(1);
    engine.store.child.kill('SIGTERM');
    await delay(200);
    await engine.run('SELECT 1').finally(() => open.end());
  },
};

const CLUSTER = 'only a server with replicas or shards says it; the embedded engine has none';
/** By code: why this test does not make the engine say it. */
export const NOT_PROVOKED: Readonly<Record<number, string>> = {
  192: 'from the administration of users, which the store does not run; a login gets 516',
  193: 'servers before 20.12; since then a login gets 516',
  194: 'servers before 20.12; since then a login gets 516',
  209: 'the store says it to a client that sends nothing for 60 s: too long for a test',
  210: 'of sockets of the server; the store opens none',
  242: CLUSTER,
  279: CLUSTER,
  285: CLUSTER,
  319: CLUSTER,
  999: CLUSTER,
  321: 'needs date_time_overflow_behavior = throw, which the store does not open; RowBinary has no such check',
  425: 'a system call fails: no fault of the machine is made here',
  439: 'the threads of the machine are used up: not made here',
  735: 'of the native protocol, which the store does not speak',
};
