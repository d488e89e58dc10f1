import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { connectClickHouse, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { loadAddon, type Addon, type Handle } from '../../embedded/store/engine/native.js';
import { render } from '../../schema/cluster.js';
import { ledgerStatements } from '../../schema/ledger.js';
import { migrate } from '../../schema/migrate.js';
import { MIGRATIONS } from '../../schema/migrations/index.js';
import { DEFAULT_RETENTION } from '../../schema/migrations/migration.js';
import { retentionStatement } from '../../schema/retention.js';
import { startStore, type RunningStore } from '../support/store.js';

/**
 * The engine that is embedded here has neither a Keeper nor other nodes: a Replicated table and ON CLUSTER
 * cannot run. What can: its own parser over every statement, and all but those two for real, on a cluster of
 * one shard that is this very process.
 */
const SETTINGS = { database: 'bellwether', ...DEFAULT_RETENTION };
const SINGLE = MIGRATIONS.flatMap((migration) => migration.statements(SETTINGS));
const rendered = (cluster: string) => SINGLE.flatMap((statement) => render(statement, cluster));
const CLUSTER = rendered('east');
const tableName = (statement: string) => /^CREATE TABLE IF NOT EXISTS \w+\.(\w+)/.exec(statement)?.[1];

describe('the schema of a cluster', () => {
  it('is that of a single server when no cluster is named', () => {
    assert.deepEqual(rendered(''), SINGLE);
  });

  it('has a replicated table and a Distributed one over it for each table, and each view once', () => {
    const tables = SINGLE.map(tableName).filter((name) => name !== undefined);
    const made = CLUSTER.map(tableName).filter((name) => name !== undefined);
    assert.deepEqual(
      made,
      tables.flatMap((name) => [`${name}_local`, name]),
    );
    const definitions = CLUSTER.filter((statement) => !statement.startsWith('INSERT'));
    for (const statement of definitions) assert.match(statement, / ON CLUSTER 'east'/);
    const paths = CLUSTER.flatMap(
      (statement) => /Replicated\w+\('([^']+)', '([^']+)'/.exec(statement)?.[1] ?? [],
    );
    assert.equal(new Set(paths).size, tables.length, 'each table has a path of its own');
    assert.ok(paths.every((path) => /^\/clickhouse\/tables\/\{shard\}\/bellwether\/\w+_local$/.test(path)));
    const views = (statements: readonly string[]) =>
      statements.filter((text) => text.startsWith('CREATE VIEW'));
    assert.equal(views(CLUSTER).length, views(SINGLE).length);
  });

  /**
   * Why FINAL over a Distributed table is right. Where the key has a series or a source, which are hashes of
   * the host among others, rows with equal keys have equal hosts.
   */
  it('puts rows with equal keys on one shard', () => {
    const determines = (key: readonly string[]) =>
      key.includes('series') || key.includes('source') ? [...key, 'host'] : key;
    let checked = 0;
    for (const statement of CLUSTER) {
      const sharding = /ENGINE = Distributed\('east', 'bellwether', '(\w+)', cityHash64\((.*)\)\)/.exec(
        statement,
      );
      if (sharding === null) continue;
      const [, local = '', by = ''] = sharding;
      const made = CLUSTER.find((other) => tableName(other) === local) ?? '';
      const key = /\nORDER BY \(?([^)\n]+)\)?\n/.exec(made)?.[1]?.split(', ') ?? [];
      for (const column of by.split(', ')) assert.ok(determines(key).includes(column), `${local}: ${column}`);
      checked += 1;
    }
    assert.equal(checked, 10);
    const shardOf = (table: string) => new RegExp(`'${table}_local', (.*)\\)`).exec(CLUSTER.join('\n'))?.[1];
    for (const table of ['minutes', 'hours', 'days', 'baselines']) {
      assert.equal(shardOf(table), shardOf('samples'), `${table} lie where what they are made from lies`);
    }
  });

  it('refuses what it has no rule for, by name', () => {
    const table = 'CREATE TABLE IF NOT EXISTS a.strange\n(\n    x UInt8\n)\nENGINE = MergeTree\nORDER BY x';
    for (const statement of [table, 'DROP TABLE a.samples', 'RENAME TABLE a.b TO a.c']) {
      assert.throws(() => render(statement, 'east'), /does not know how to bring this to a cluster/);
    }
  });
});

describe("the engine's parser", () => {
  let store: RunningStore;
  let client: ClickHouseClient;
  before(async () => {
    store = await startStore();
    client = connectClickHouse({ url: store.url('admin'), application: 'test' });
  });
  after(async () => {
    await client.close();
    await store.stop();
  });
  const formatted = async (statement: string) => {
    const query_params = { statement };
    const query = 'SELECT formatQuery({statement:String}) AS text';
    const result = await client.query({ query, query_params, format: 'JSONEachRow' });
    return z.array(z.object({ text: z.string() })).parse(await result.json())[0]?.text ?? '';
  };

  it('takes every statement, and not one with a fault in it', async () => {
    const change = retentionStatement({ ...SETTINGS, cluster: 'east' }, 'samples', 'time + INTERVAL 1 HOUR');
    assert.match(change, /^ALTER TABLE bellwether\.samples_local ON CLUSTER 'east' MODIFY TTL /);
    const ledger = ledgerStatements('bellwether', 'east');
    assert.match(
      ledger.join(),
      /tables\/all\/bellwether\/schema_migrations', '\{shard\}-\{replica\}', applied_at\)/,
    );
    for (const statement of [...ledger, ...CLUSTER, change]) await formatted(statement);
    await assert.rejects(formatted(CLUSTER[0]?.replace('ORDER BY', 'ORDERED BY') ?? ''), /Syntax error/);
  });

  it('sees in the table that holds the rows all that a single server has', async () => {
    for (const statement of SINGLE.filter((text) => text.startsWith('CREATE TABLE'))) {
      const [local = ''] = render(statement, 'east');
      const plain = (await formatted(local))
        .replace(' ON CLUSTER east', '')
        .replace(/_local\n/, '\n')
        .replace(/Replicated(\w+)\('[^']+', '[^']+'(?:, )?(.*?)\)\n/, (_, engine: string, version: string) =>
          version === '' ? `${engine}\n` : `${engine}(${version})\n`,
        );
      assert.equal(plain, await formatted(statement));
    }
  });

  it('a database of a single server is not made one of a cluster by a setting', async () => {
    await migrate({ client, settings: SETTINGS });
    const refused = migrate({ client, settings: { ...SETTINGS, cluster: 'east' } });
    await assert.rejects(refused, /was made for a single server, without CLICKHOUSE_CLUSTER \(now east\)/);
    assert.equal(await migrate({ client, settings: SETTINGS }), 0);
  });
});

describe('all but replication, run by the engine on a cluster of one shard', () => {
  let directory: string;
  let addon: Addon;
  let connection: Handle;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bellwether-cluster-'));
    const shard = '<shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>';
    const servers = `<remote_servers><east>${shard}</east></remote_servers>`;
    const config = join(directory, 'config.xml');
    await writeFile(config, `<clickhouse><tcp_port>9000</tcp_port>${servers}</clickhouse>`);
    addon = loadAddon();
    connection = addon.connect(join(directory, 'data'), [`--config-file=${config}`]);
  });
  after(async () => {
    addon.close(connection);
    await rm(directory, { recursive: true });
  });
  const ask = async (sql: string) =>
    Buffer.from((await addon.query(connection, sql, 'TabSeparated')).bytes)
      .toString('utf8')
      .trim();

  it('makes everything, twice without harm; rows go in and come out once, through tables and views', async () => {
    await ask('CREATE DATABASE bellwether ENGINE = Atomic');
    const runnable = CLUSTER.map((statement) =>
      statement
        .replace(" ON CLUSTER 'east'", '')
        .replace(/Replicated(\w+)\('[^']+', '[^']+'(?:, )?(.*?)\)\n/, '$1($2)\n'),
    );
    for (const statement of [...runnable, ...runnable]) await ask(statement);

    const row = `INSERT INTO bellwether.samples (customer, metric, series, time, source, window_ms, kind, value, host)
      SELECT 'acme', 'packet.drops', number, '2100-01-01 00:00:00.000', 7, 5000, 'sum', 3, concat('host-', toString(number))
      FROM numbers(10) SETTINGS distributed_foreground_insert = 1`;
    for (const statement of [row, row]) await ask(statement);
    assert.equal(await ask('SELECT count() FROM bellwether.samples_local'), '20');
    assert.equal(
      await ask("SELECT count(), sum(value), any(unit) = '' FROM bellwether.samples FINAL"),
      '10\t30\t1',
    );
    assert.equal(await ask('SELECT count(), sum(packets) FROM bellwether.drops'), '10\t30');

    const recompute = `INSERT INTO bellwether.minutes (customer, metric, series, time, version, value, host)
      SELECT customer, metric, series, toStartOfMinute(time), 1, sum(value), any(host) FROM bellwether.samples FINAL
      GROUP BY customer, metric, series, toStartOfMinute(time)
      SETTINGS parallel_distributed_insert_select = 2, distributed_foreground_insert = 1`;
    for (const statement of [recompute, recompute]) await ask(statement);
    assert.equal(await ask('SELECT count(), sum(value) FROM bellwether.minutes FINAL'), '10\t30');
  });
});
