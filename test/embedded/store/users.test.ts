import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { BellwetherError } from '../../../common/runtime/errors.js';
import { poolThreads, readConfig } from '../../../embedded/store/config.js';
import { authenticate, usersSchema } from '../../../embedded/store/users.js';

const hash = (password: string) => createHash('sha256').update(password).digest('hex');
const users = usersSchema.parse(
  JSON.stringify([
    { name: 'reader', sha256: hash('r'), access: 'read' },
    { name: 'admin', sha256: hash('ä'), access: 'admin' },
  ]),
);

describe('users', () => {
  test('name and password must both be right', () => {
    assert.equal(authenticate(users, 'reader', 'r')?.access, 'read');
    assert.equal(authenticate(users, 'admin', 'ä')?.access, 'admin');
    for (const [name, password] of [
      ['reader', ''],
      ['reader', 'ä'],
      ['nobody', 'r'],
      ['', ''],
    ] as const) {
      assert.equal(authenticate(users, name, password), undefined);
    }
  });

  test('the hash of no password opens nothing for an unknown name', () => {
    assert.equal(authenticate(users, 'nobody', ''), undefined);
  });
});

describe('config', () => {
  const environment = {
    BELLWETHER_STORE_DIR: '/tmp/x',
    BELLWETHER_STORE_USERS: JSON.stringify([{ name: 'a', sha256: hash('a'), access: 'admin' }]),
  };

  test('defaults, and enough threads for every lane', () => {
    const config = readConfig(environment);
    assert.equal(config.BELLWETHER_STORE_PORT, 18_123);
    assert.equal(config.BELLWETHER_STORE_FSYNC, true);
    const { BELLWETHER_STORE_READS: reads, BELLWETHER_STORE_INSERTS: inserts } = config;
    assert.ok(poolThreads(config) > reads + inserts + config.BELLWETHER_STORE_STATEMENTS);
  });

  test('what is wrong is named', () => {
    const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ BELLWETHER_STORE_USERS: 'x' }, /BELLWETHER_STORE_USERS: must be a JSON array/],
      [{ BELLWETHER_STORE_USERS: '[]' }, /at least one user/],
      [{ BELLWETHER_STORE_USERS: '[{"name":"a","sha256":"1","access":"admin"}]' }, /64 hex digits/],
      [{ BELLWETHER_STORE_DIR: '' }, /BELLWETHER_STORE_DIR/],
      [{ BELLWETHER_STORE_MEMORY: '1000' }, /must not be more than BELLWETHER_STORE_MEMORY/],
    ];
    for (const [change, message] of wrong) {
      assert.throws(() => readConfig({ ...environment, ...change }), (error) => error instanceof BellwetherError && message.test(error.message), String(message)); // prettier-ignore
    }
  });
});
