import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { clearLeftovers } from '../../../embedded/supervisor/clean-up.js';
import { readStackConfig } from '../../../embedded/supervisor/config.js';
import { homePaths, prepareHome } from '../../../embedded/supervisor/home.js';
import { boundWhileRunning, lastLines, rotateAtStart } from '../../../embedded/supervisor/log-files.js';
import { bootId, identify, isRunning } from '../../../embedded/supervisor/processes.js';
import { usersSchema } from '../../../embedded/store/users.js';
import { prepareStoreAccess } from '../../../embedded/supervisor/secrets.js';
import {
  isSupervised,
  readStackFile,
  takeLock,
  writeStackFile,
  type StackFile,
} from '../../../embedded/supervisor/stack-file.js';
import { assignUsers } from '../../../embedded/supervisor/users.js';
import { temporaryDirectory, unlessRoot } from '../../support/temporary.js';
import { tableOf } from '../../../processors/writer/rows/table-rows.js';

const home = temporaryDirectory();
const paths = homePaths(home);
const users = assignUsers(60_811, process.getuid?.() === 0);
prepareHome(paths, users);

function stackWith(changes: Partial<StackFile>): StackFile {
  return {
    home,
    ...identify(process.pid),
    bootId: bootId(),
    startedAt: new Date().toISOString(),
    state: 'ready',
    source: 'none',
    demo: false,
    demoPrefix: '',
    urls: { api: 'http://127.0.0.1:1', kafka: '127.0.0.1:2', clickhouse: 'http://127.0.0.1:3' },
    ports: {},
    parts: [],
    tokens: {},
    urlFiles: { clickhouseAdmin: '' },
    ...changes,
  };
}

describe('home', () => {
  test('secrets, tokens and data are closed to others; repeating changes nothing', () => {
    prepareHome(paths, users);
    for (const directory of [paths.secrets, paths.tokens, paths.kafka, paths.store]) {
      assert.equal(statSync(directory).mode & 0o777, 0o700, directory);
    }
    for (const directory of [paths.owners, paths.log, paths.run]) {
      assert.equal(statSync(directory).mode & 0o777, 0o755, directory);
    }
  });

  test('data belongs to the user of its process', { skip: unlessRoot }, () => {
    assert.equal(statSync(paths.kafka).uid, 60_811);
    assert.equal(statSync(paths.store).uid, 60_812);
  });
});

describe('store access', () => {
  test('the store gets hashes of the passwords that the services get, and they stay the same', () => {
    const access = prepareStoreAccess(paths, 'http://127.0.0.1:18123', undefined);
    const listed = z
      .array(z.object({ name: z.string(), sha256: z.string(), access: z.string() }))
      .parse(JSON.parse(access.storeUsers));
    assert.deepEqual(
      usersSchema.parse(access.storeUsers).find(({ name }) => name === 'writer')?.tables,
      (['foreign', 'events', 'batches', 'touches'] as const).map((name) => `bellwether.${tableOf(name)}`),
      'the writer stores rows, and no tokens',
    );
    assert.deepEqual(
      listed.map((user) => [user.name, user.access]),
      [
        ['admin', 'admin'],
        ['writer', 'write'],
        ['rollup', 'write'],
        ['reader', 'read'],
      ],
    );
    for (const name of ['admin', 'writer', 'rollup', 'reader'] as const) {
      const { username, password } = new URL(access.urlOf(name));
      assert.equal(username, name);
      const hash = createHash('sha256').update(password).digest('hex');
      assert.equal(listed.find((user) => user.name === name)?.sha256, hash);
      assert.doesNotMatch(access.storeUsers, new RegExp(password));
    }
    assert.equal(statSync(access.adminUrlFile).mode & 0o777, 0o600);
    assert.equal(
      prepareStoreAccess(paths, 'http://127.0.0.1:18123', undefined).storeUsers,
      access.storeUsers,
    );
  });

  test('a real ClickHouse takes the place of all of them', () => {
    const access = prepareStoreAccess(paths, 'http://127.0.0.1:18123', 'http://me:pw@db:8123');
    assert.equal(access.urlOf('reader'), 'http://me:pw@db:8123');
    assert.equal(readFileSync(access.adminUrlFile, 'utf8').trim(), 'http://me:pw@db:8123');
  });
});

describe('stack.json', () => {
  test('a supervisor is taken to run only when pid, start and boot are its own', () => {
    const stack = stackWith({});
    writeStackFile(paths.stackFile, stack);
    assert.deepEqual(readStackFile(paths.stackFile), stack);
    assert.equal(isSupervised(stack), true);
    assert.equal(isSupervised({ ...stack, startTicks: '1' }), false);
    assert.equal(isSupervised({ ...stack, bootId: 'another' }), false);
  });

  test('what is unreadable says nothing', () => {
    writeFileSync(paths.stackFile, '{"home": 3');
    assert.equal(readStackFile(paths.stackFile), undefined);
  });

  test('the home is held by one; the lock of a dead process is taken over', () => {
    assert.equal(takeLock(paths.lockFile), true);
    assert.equal(takeLock(paths.lockFile), false);
    writeFileSync(
      paths.lockFile,
      JSON.stringify({ ...identify(process.pid), startTicks: '1', bootId: bootId() }),
    );
    assert.equal(takeLock(paths.lockFile), true);
  });

  test('after a crash exactly the processes of the file are ended', async () => {
    const living = () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const [ours, reused] = [living(), living()];
    const [ourIdentity, reusedIdentity] = [identify(ours.pid ?? 0), identify(reused.pid ?? 0)];
    const part = (name: string) => ({ name, state: 'ready', restarts: 0 });
    const parts = [
      { ...part('kafka'), ...ourIdentity },
      // A pid that was given to somebody else since.
      { ...part('store'), ...reusedIdentity, startTicks: '1' },
    ];
    writeStackFile(paths.stackFile, stackWith({ parts, startTicks: '1' }));
    writeFileSync(paths.demoOwners, '{"rules":[]}');
    try {
      assert.deepEqual(await clearLeftovers(paths), ['kafka']);
      assert.equal(isRunning(ourIdentity), false);
      assert.equal(isRunning(reusedIdentity), true);
      assert.equal(existsSync(paths.stackFile), false);
      assert.equal(existsSync(paths.demoOwners), false);
      assert.deepEqual(await clearLeftovers(paths), []);
    } finally {
      reused.kill('SIGKILL');
      await once(reused, 'exit');
    }
  });
});

describe('logs', () => {
  test('a large one is put aside at the start, a small one is not', () => {
    const log = join(home, 'log/part.log');
    writeFileSync(log, 'x'.repeat(100));
    rotateAtStart(log, 100);
    assert.equal(existsSync(log), true);
    rotateAtStart(log, 99);
    assert.equal(existsSync(log), false);
    assert.equal(readFileSync(`${log}.1`, 'utf8').length, 100);
  });

  test('one that outgrows its bound is emptied in place and kept once', () => {
    const log = join(home, 'log/running.log');
    writeFileSync(log, 'y'.repeat(100));
    assert.equal(boundWhileRunning(log, 100), false);
    assert.equal(boundWhileRunning(log, 99), true);
    assert.equal(statSync(log).size, 0);
    assert.equal(readFileSync(`${log}.1`, 'utf8'), 'y'.repeat(100));
  });

  test('the last lines are those of this start', () => {
    const log = join(home, 'log/tail.log');
    writeFileSync(log, 'old\nolder\n');
    const before = statSync(log).size;
    writeFileSync(log, 'old\nolder\nnew 1\n\nnew 2\n');
    assert.deepEqual(lastLines(log, 5, before), ['new 1', 'new 2']);
    assert.deepEqual(lastLines(log, 1), ['new 2']);
    assert.deepEqual(lastLines(join(home, 'none.log'), 5), []);
  });
});

describe('configuration', () => {
  test('two parts on one port are refused by name', () => {
    const environment = { BELLWETHER_API_PORT: '18123' };
    assert.throws(() => readStackConfig(environment), {
      code: 'config_invalid',
      message: /BELLWETHER_API_PORT is "18123": as BELLWETHER_STORE_PORT is/,
    });
  });

  test("a home too long for a socket's address is refused", () => {
    assert.throws(() => readStackConfig({ BELLWETHER_HOME: `/${'h'.repeat(120)}` }), { message: /too long/ });
  });

  test('settings of the services go on to them, credentials and places do not', () => {
    const { passedOn } = readStackConfig({
      BELLWETHER_WRITER_FLUSH_MS: '200',
      BELLWETHER_STORE_MEMORY: '1000000000',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x',
      BELLWETHER_HOME: '/h',
      BELLWETHER_STORE_USERS: 'x',
      CLICKHOUSE_URL: 'http://u:secret@h:1',
      AWS_SECRET_ACCESS_KEY: 'secret',
    });
    assert.deepEqual(passedOn, {
      BELLWETHER_WRITER_FLUSH_MS: '200',
      BELLWETHER_STORE_MEMORY: '1000000000',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x',
    });
  });
});
