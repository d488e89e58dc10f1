import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { connectClickHouse, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { migrate } from '../../schema/migrate.js';
import { line } from '../../schema/migrations/0001-line.js';
import { MIGRATIONS } from '../../schema/migrations/index.js';
import { DEFAULT_RETENTION, type Migration } from '../../schema/migrations/migration.js';
import { startStore, type RunningStore } from '../support/store.js';

const settingsOf = (database: string) => ({ database, ...DEFAULT_RETENTION });
const STATEMENTS = MIGRATIONS.flatMap((migration) => migration.statements(settingsOf('x'))).length;
const NEXT_VERSION = MIGRATIONS.length + 1;
const names = z.array(z.object({ name: z.string() }));

describe('migrations, on the real store', () => {
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

  /** A client whose n-th write fails, as if the process had been killed before it. */
  const killedBefore = (write: number): ClickHouseClient => {
    let writes = 0;
    return new Proxy(client, {
      get(target, property, receiver): unknown {
        const member: unknown = Reflect.get(target, property, receiver);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]): unknown => {
          if (property === 'command' || property === 'insert') {
            writes += 1;
            if (writes === write) throw new Error('killed');
          }
          return Reflect.apply(member, target, given);
        };
      },
    });
  };
  const tablesOf = async (database: string) => {
    const result = await client.query({
      query: 'SELECT name FROM system.tables WHERE database = {database:String} ORDER BY name',
      query_params: { database },
      format: 'JSONEachRow',
    });
    return names.parse(await result.json()).map(({ name }) => name);
  };

  it('goes on after a kill between any two statements, and then applies nothing more', async () => {
    assert.equal(await migrate({ client, settings: settingsOf('straight') }), STATEMENTS);
    // Two writes make the ledger, then each statement is two writes: itself and its record. Every third will do,
    // which meets both kinds; the promise `migrations` kills at each.
    for (let write = 1; write <= 2 + 2 * STATEMENTS; write += 3) {
      const database = `killed_${write}`;
      const settings = settingsOf(database);
      await assert.rejects(migrate({ client: killedBefore(write), settings }), /killed/);
      const recorded = Math.max(0, Math.floor((write - 3) / 2));
      assert.equal(await migrate({ client, settings }), STATEMENTS - recorded);
      assert.equal(await migrate({ client, settings }), 0);
      assert.deepEqual(await tablesOf(database), await tablesOf('straight'));
    }
    assert.ok((await tablesOf('straight')).includes('samples'));
  });

  it('refuses a statement that was changed after it was applied', async () => {
    const settings = settingsOf('changed');
    await migrate({ client, settings });
    const altered: Migration = {
      ...line,
      statements: (given) => line.statements(given).map((sql, i) => (i === 2 ? `${sql} ` : sql)),
    };
    await assert.rejects(
      migrate({ client, settings, migrations: [altered, ...MIGRATIONS.slice(1)] }),
      /statement 2 of migration 1 \(line\) was applied with checksum .* never changes/,
    );
  });

  it('refuses a database that a newer version has migrated', async () => {
    const settings = settingsOf('newer');
    const next: Migration = { version: NEXT_VERSION, name: 'next', statements: () => ['SELECT 1'] };
    assert.equal(await migrate({ client, settings, migrations: [...MIGRATIONS, next] }), STATEMENTS + 1);
    await assert.rejects(
      migrate({ client, settings }),
      new RegExp(`holds migration ${NEXT_VERSION}, which this version does not know`),
    );
  });

  it('takes another retention for another setting, not for another migration', async () => {
    const settings = settingsOf('kept');
    await migrate({ client, settings });
    assert.equal(await migrate({ client, settings: { ...settings, rawRetentionHours: 72 } }), 0);
    const result = await client.query({
      query:
        "SELECT t.engine_full AS name FROM system.tables AS t WHERE t.database = 'kept' AND t.name = 'samples'",
      format: 'JSONEachRow',
    });
    assert.match(
      names.parse(await result.json())[0]?.name ?? '',
      /toIntervalHour\(73\)/,
      'an hour more than they are taken for',
    );
  });
});
