/**
 * The peer in a process of its own: the embedded engine, configured as our store is, reads the topic by itself.
 * Says in JSON lines: `{"at":"assigned"}` when it has partitions, `{"at":"stored"}` when it has all rows.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readConfig } from '../../../embedded/store/config.js';
import { prepareEngineFiles } from '../../../embedded/store/engine/engine-files.js';
import { loadAddon, type Handle } from '../../../embedded/store/engine/native.js';
import { untilRows } from './until-rows.js';

const LOOK_EVERY_MS = 20;

const settings = z
  .object({ statements: z.array(z.string()), rows: z.number(), profile: z.record(z.string(), z.string()) })
  .parse(JSON.parse(process.env.BENCH_PEER ?? ''));

const addon = loadAddon();
const files = prepareEngineFiles(readConfig());
// The engine puts the protobuf schema into `__cache__/` where it stands: below the directory that the bench removes.
process.chdir(files.empty);
// Not the store's file of users: the one in it has no right to ENGINE = Kafka.
const users = join(files.data, '..', 'config', 'peer-users.xml');
writeFileSync(users, usersXml(settings.profile));
const own = files.arguments.filter((argument) => !argument.startsWith('--users_config'));
const connection: Handle = addon.connect(files.data, [...own, `--users_config=${users}`]);
const ask = async (sql: string): Promise<number> => {
  const { bytes } = await addon.query(connection, sql, 'TSV');
  return Number(Buffer.from(bytes).toString());
};
const say = (at: string) => process.stdout.write(`${JSON.stringify({ at })}\n`);

for (const statement of settings.statements) await addon.query(connection, statement, 'Null');
const ASSIGNED = `SELECT sum(length(assignments.partition_id)) FROM system.kafka_consumers WHERE table = 'queue'`;
while ((await ask(ASSIGNED)) === 0) await sleep(LOOK_EVERY_MS);
say('assigned');
await untilRows(() => ask('SELECT count() FROM peer.samples'), settings.rows);
say('stored');
await new Promise((resolve) => process.once('SIGTERM', resolve));
process.exit(0);

function usersXml(profile: Readonly<Record<string, string>>): string {
  const own = Object.entries(profile).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<clickhouse>
  <profiles><default>${own.join('')}</default></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password></password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota><access_management>1</access_management>
  </default></users>
</clickhouse>`;
}
