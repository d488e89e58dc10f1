import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checkReadable, launch, launchCommand } from '../../../embedded/launch/launch.js';
import { temporaryDirectory, unlessRoot } from '../../support/temporary.js';

const user = { uid: 60_999, gid: 60_999 };
const root = temporaryDirectory();
/** As under root's home: nobody else may even pass. */
chmodSync(root, 0o700);
mkdirSync(join(root, 'clone/dist'), { recursive: true });
mkdirSync(join(root, 'clone/private'));
writeFileSync(join(root, 'clone/dist/code.txt'), 'code');
writeFileSync(join(root, 'clone/private/key.txt'), 'secret');
const dist = join(root, 'clone/dist');

async function outputOf(script: string): Promise<{ pid: number; text: string }> {
  const log = join(root, 'output.log');
  const descriptor = openSync(log, 'w');
  const request = { command: ['/bin/sh', '-c', script], environment: {}, user, needs: [dist] };
  const child = launch(request, descriptor);
  closeSync(descriptor);
  await once(child, 'exit');
  return { pid: child.pid ?? 0, text: readFileSync(log, 'utf8') };
}

test('a command without a user is run as it is', () => {
  const request = { command: ['/bin/true', 'x'], environment: {}, user: undefined, needs: [dist] };
  assert.deepEqual(launchCommand(request), ['/bin/true', 'x']);
});

describe('as another user', { skip: unlessRoot }, () => {
  test('it is that user, without groups and capabilities, for good', async () => {
    const { text } = await outputOf('id -u; id -G; grep -E "^(Cap|NoNewPrivs)" /proc/self/status');
    const [uid, groups, ...status] = text.trim().split('\n');
    assert.equal(uid, '60999');
    assert.equal(groups, '60999');
    assert.equal(status.length, 6);
    for (const line of status) {
      assert.match(line, /^(Cap(Inh|Prm|Eff|Bnd|Amb):\t0{16}|NoNewPrivs:\t1)$/);
    }
  });

  test('it keeps the pid that the supervisor knows', async () => {
    const { pid, text } = await outputOf('echo $$');
    assert.equal(Number(text), pid);
  });

  test('behind a wall it reaches what it needs at the same path, and nothing else', async () => {
    const { text } = await outputOf(
      `cat ${dist}/code.txt; ls ${root} ${root}/clone; cat ${root}/clone/private/key.txt`,
    );
    assert.match(text, /^code/);
    assert.doesNotMatch(text, /private\n|secret|output\.log\n/);
    assert.match(text, /No such file/);
  });

  test('the view is gone with the process', async () => {
    await outputOf('true');
    assert.doesNotMatch(readFileSync('/proc/self/mounts', 'utf8'), new RegExp(root));
  });

  test('an unreadable file is named, with what to do', () => {
    checkReadable(user, [dist]);
    const strict = join(dist, 'strict.js');
    writeFileSync(strict, '', { mode: 0o600 });
    assert.throws(() => checkReadable(user, [dist]), {
      code: 'setup_failed',
      message: new RegExp(`uid 60999 cannot read ${strict}: run chmod -R a\\+rX`),
    });
  });
});
