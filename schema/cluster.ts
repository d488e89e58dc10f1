import { BellwetherError } from '../common/runtime/errors.js';

/**
 * The same schema on a cluster. A statement as the migrations have it becomes, by its form:
 *
 * - a table: `NAME_local`, replicated, on each node, and over it `NAME`, which is Distributed;
 * - a change of a table: the change of both, first of the one that holds the rows;
 * - a view: the view on each node, over the Distributed tables;
 * - an INSERT … SELECT: as it is, through the Distributed tables.
 *
 * Every other statement is ON CLUSTER, and each can be run again without harm.
 */

/** Suffix of the tables that hold the rows. */
const LOCAL = '_local';

/**
 * What a row's shard is made from. Rows with equal keys must lie on one shard, or FINAL would not see them
 * together. A `host` is the same in all rows with one key: a series is a hash of it among others, and so is the
 * `source` of an event. So one rule serves raw rows and what is made from them, and a recompute finds on each
 * shard all rows of the series that it makes.
 */
const SHARDED_BY: Readonly<Record<string, string>> = {
  samples: 'cityHash64(host)',
  events: 'cityHash64(host)',
  batches: 'cityHash64(host)',
  minutes: 'cityHash64(host)',
  hours: 'cityHash64(host)',
  days: 'cityHash64(host)',
  baselines: 'cityHash64(host)',
  touches: 'cityHash64(minute)',
  seals: 'cityHash64(resolution, bucket)',
  tokens: 'cityHash64(id)',
};

const TABLE =
  /^CREATE TABLE IF NOT EXISTS (\w+)\.(\w+)\n([\s\S]*\n)ENGINE = (\w*MergeTree)(?:\((.*)\))?\n([\s\S]*)$/;
const VIEW = /^CREATE VIEW IF NOT EXISTS (\w+\.\w+) AS\n([\s\S]*)$/;
const CHANGE = /^ALTER TABLE (\w+)\.(\w+)(\s[\s\S]*)$/;
const DATABASE = /^CREATE DATABASE IF NOT EXISTS (\w+)$/;
const TABLE_COMMENT = /\nCOMMENT '[^']*'$/;

/**
 * The statements that are run in place of one.
 * @param cluster empty: a single server, and the statement as it is
 * @throws BellwetherError `internal` when the statement has none of the forms above, or no rule for its shard.
 */
export function render(statement: string, cluster: string): readonly string[] {
  if (cluster === '') return [statement];
  const on = onCluster(cluster);
  const table = TABLE.exec(statement);
  if (table !== null) return tableOn(cluster, table);
  const view = VIEW.exec(statement);
  if (view !== null) return [`CREATE VIEW IF NOT EXISTS ${view[1]}${on} AS\n${view[2]}`];
  const change = CHANGE.exec(statement);
  if (change !== null) {
    const [, database, name, what] = change;
    return [`${name}${LOCAL}`, name].map((each) => `ALTER TABLE ${database}.${each}${on}${what}`);
  }
  // Through the Distributed tables, once.
  if (statement.startsWith('INSERT INTO ')) return [statement];
  const database = DATABASE.exec(statement);
  if (database !== null) return [`${statement}${on}`];
  throw unknown(statement);
}

function tableOn(cluster: string, found: RegExpExecArray): readonly string[] {
  const [statement, database = '', name = '', columns = '', engine = '', version, rest = ''] = found;
  const key = SHARDED_BY[name];
  if (key === undefined) throw unknown(statement);
  const local = `${name}${LOCAL}`;
  const path = `'/clickhouse/tables/{shard}/${database}/${local}', '{replica}'`;
  return [
    replicated({ cluster, database, table: local, columns, engine, path, version, rest }),
    `CREATE TABLE IF NOT EXISTS ${database}.${name}${onCluster(cluster)} AS ${database}.${local}
ENGINE = Distributed('${cluster}', '${database}', '${local}', ${key})${TABLE_COMMENT.exec(rest)?.[0] ?? ''}`,
  ];
}

/**
 * A table of which each node holds all rows, whatever its shard: the ledger of the migrations, so that each
 * node can say what was applied.
 */
export function renderEverywhere(statement: string, cluster: string): string {
  const found = TABLE.exec(statement);
  if (cluster === '') return statement;
  if (found === null) throw unknown(statement);
  const [, database = '', table = '', columns = '', engine = '', version, rest = ''] = found;
  const path = `'/clickhouse/tables/all/${database}/${table}', '{shard}-{replica}'`;
  return replicated({ cluster, database, table, columns, engine, path, version, rest });
}

interface ReplicatedTable {
  readonly cluster: string;
  readonly database: string;
  readonly table: string;
  readonly columns: string;
  readonly engine: string;
  readonly path: string;
  readonly version: string | undefined;
  readonly rest: string;
}

function replicated(of: ReplicatedTable): string {
  const settings = of.version === undefined ? of.path : `${of.path}, ${of.version}`;
  return `CREATE TABLE IF NOT EXISTS ${of.database}.${of.table}${onCluster(of.cluster)}
${of.columns}ENGINE = Replicated${of.engine}(${settings})
${of.rest}`;
}

/** The clause that makes a statement run on all nodes; empty on a single server. */
export function onCluster(cluster: string): string {
  return cluster === '' ? '' : ` ON CLUSTER '${cluster}'`;
}

/** Of the table that holds the rows of `table`. */
export function localTable(table: string, cluster: string): string {
  return cluster === '' ? table : `${table}${LOCAL}`;
}

function unknown(statement: string): BellwetherError {
  const [first = ''] = statement.split('\n');
  return new BellwetherError(
    'internal',
    `schema/cluster.ts does not know how to bring this to a cluster: ${first}; right would be CREATE TABLE of a ` +
      `MergeTree with a line in SHARDED_BY, CREATE VIEW, ALTER TABLE, INSERT or CREATE DATABASE`,
  );
}
