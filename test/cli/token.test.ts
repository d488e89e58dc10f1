import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { DATABASE } from '../../common/clickhouse/connection.js';
import { startRealStore, type RealStore } from '../query-api/real-store.js';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

function token(environment: Record<string, string>, ...parameters: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'token', ...parameters], {
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('bellwether token', () => {
  let store: RealStore;
  let environment: Record<string, string>;
  before(async () => {
    store = await startRealStore();
    environment = { CLICKHOUSE_URL: store.url('admin') };
  });
  after(() => store.stop());

  it('makes a token, of which only the hash is stored, lists it by id and revokes it', async () => {
    const made = z
      .object({ id: z.string(), token: z.string(), role: z.literal('customer'), customer: z.literal('acme') })
      .parse(JSON.parse(token(environment, 'create', '--customer', 'acme', '--json').stdout));
    const plain = token(environment, 'create', '--operator');
    assert.match(plain.stdout, /^bw_[A-Za-z0-9_-]{43}\n$/);
    const rows = await store.admin.query({
      query: `SELECT * FROM ${DATABASE}.tokens`,
      format: 'JSONEachRow',
    });
    const stored = await rows.text();
    assert.ok(stored.includes(made.id) && !stored.includes(made.token.slice(3)));
    const listed = token(environment, 'list').stdout;
    assert.match(listed, new RegExp(`^${made.id} +customer +acme +20\\S+Z +valid$`, 'm'));
    assert.match(listed, /operator +- +20\S+Z +valid$/m);
    assert.equal(token(environment, 'revoke', made.id).status, 0);
    assert.match(token(environment, 'list').stdout, new RegExp(`^${made.id} .*revoked$`, 'm'));
  });

  it('says what is wrong and what would be right', () => {
    const cases: [string[], Record<string, string>, RegExp][] = [
      [['create'], environment, /either --customer NAME or --operator/],
      [['create', '--operator', '--customer', 'a'], environment, /either --customer NAME or --operator/],
      [['create', '--customer', ''], environment, /--customer: right would be a name/],
      [['revoke', 'tnone'], environment, /no token has the id "tnone"; `bellwether token list`/],
      [['list'], { BELLWETHER_HOME: '/nonexistent' }, /no running stack found at \/nonexistent .*npm run up/],
      [
        ['list'],
        { CLICKHOUSE_URL: 'http://a:secret@127.0.0.1:1' },
        /the store at 127\.0\.0\.1:1 did not do it/,
      ],
    ];
    for (const [parameters, given, words] of cases) {
      const { status, stdout, stderr } = token(given, ...parameters);
      assert.deepEqual([status, stdout], [1, ''], parameters.join(' '));
      assert.match(stderr, words);
      assert.ok(!stderr.includes('secret'));
    }
  });
});
