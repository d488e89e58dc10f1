import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findHiddenDirectories, shellQuote, viewScript } from '../../../embedded/launch/view.js';
import { temporaryDirectory } from '../../support/temporary.js';

const nobody = { uid: 60_999, gid: 60_999 };

describe('findHiddenDirectories', () => {
  const root = temporaryDirectory();
  chmodSync(root, 0o755);
  mkdirSync(join(root, 'open/code/dist'), { recursive: true });
  mkdirSync(join(root, 'closed/deeper/code/dist'), { recursive: true });
  mkdirSync(join(root, 'closed/jars'), { recursive: true });
  writeFileSync(join(root, 'closed/deeper/file'), '');
  chmodSync(join(root, 'closed'), 0o700);
  chmodSync(join(root, 'closed/deeper'), 0o700);

  test('finds nothing where everybody may pass', () => {
    assert.deepEqual(findHiddenDirectories([join(root, 'open/code/dist')], nobody), []);
  });

  test('takes the topmost wall once, with all that is needed below it', () => {
    const needs = ['closed/deeper/code/dist', 'closed/jars', 'closed/deeper/file'].map((path) =>
      join(root, path),
    );
    assert.deepEqual(findHiddenDirectories(needs, nobody), [
      {
        directory: join(root, 'closed'),
        entries: [
          { path: 'deeper/code/dist', isDirectory: true },
          { path: 'deeper/file', isDirectory: false },
          { path: 'jars', isDirectory: true },
        ],
      },
    ]);
  });

  test('leaves out what lies below another needed directory', () => {
    const needs = [join(root, 'closed/deeper'), join(root, 'closed/deeper/code/dist')];
    const [hidden] = findHiddenDirectories(needs, nobody);
    assert.deepEqual(hidden?.entries, [{ path: 'deeper', isDirectory: true }]);
  });

  test('asks with the eyes of the user: an owner passes where others do not', () => {
    const { uid = 0, gid = 0 } = { uid: process.getuid?.(), gid: process.getgid?.() };
    assert.deepEqual(findHiddenDirectories([join(root, 'closed/jars')], { uid, gid }), []);
  });
});

describe('viewScript', () => {
  test('quotes what a shell would read', () => {
    assert.equal(shellQuote("a'b $c"), `'a'\\''b $c'`);
    const script = viewScript([
      {
        directory: "/it's",
        entries: [
          { path: 'a b', isDirectory: true },
          { path: 'f', isDirectory: false },
        ],
      },
    ]);
    assert.match(script, /^cd '\/it'\\''s'$/m);
    assert.match(script, /^mount --no-canonicalize --bind '.\/a b' '\/it'\\''s\/a b'$/m);
    assert.match(script, /: > '\/it'\\''s\/f'$/m);
  });
});
