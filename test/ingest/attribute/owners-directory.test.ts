import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { OwnersDirectory } from '../../../ingest/attribute/owners-directory.js';
import type { Rule } from '../../../ingest/attribute/rules.js';
import { until } from '../../support/until.js';
import { silentLog } from '../fakes.js';

const file = (customer: string) => JSON.stringify({ rules: [{ customer, netns: customer }] });

describe("the owners' directory", () => {
  let path = '';
  let rules: readonly Rule[] | undefined;
  let problems: readonly string[] = [];
  let changes = 0;
  let directory: OwnersDirectory;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'bellwether-owners-'));
    rules = undefined;
    problems = [];
    changes = 0;
    directory = new OwnersDirectory(path, silentLog, {
      onRules: (found) => {
        rules = found;
        changes += 1;
      },
      onProblems: (found) => (problems = found),
    });
  });
  afterEach(async () => {
    await directory.stop();
    await rm(path, { recursive: true, force: true });
  });

  const customers = () => rules?.map(({ owner }) => owner.customer).join();
  const write = (name: string, content: string) => writeFile(join(path, name), content);

  test('an empty directory has no rules, and says so once', async () => {
    await directory.start();
    assert.deepEqual(rules, []);
    assert.equal(changes, 1);
  });

  test('files come, change and go; others are not looked at', async () => {
    await write('acme.json', file('acme'));
    await write('notes.txt', 'x');
    await write('.hidden.json', 'x');
    await directory.start();
    assert.equal(customers(), 'acme');
    await write('globex.json', file('globex'));
    await until('globex is there', () => customers() === 'acme,globex');
    await write('acme.tmp', file('initech'));
    await rename(join(path, 'acme.tmp'), join(path, 'acme.json'));
    await until('acme.json was replaced', () => customers() === 'initech,globex');
    await unlink(join(path, 'acme.json'));
    await until('acme.json is gone', () => customers() === 'globex');
    assert.deepEqual(problems, []);
  });

  test('a bad file is reported by file and field, its last good content stays, and it can be mended', async () => {
    await write('acme.json', file('acme'));
    await directory.start();
    await write('acme.json', '{"rules":[{"customer":"acme"}]}');
    await until('it was reported', () => problems.length === 1);
    assert.match(problems[0]!, /^acme\.json: rules\[0\]: needs exactly one of/);
    assert.equal(customers(), 'acme');
    await write('acme.json', file('umbrella'));
    await until('it was mended', () => problems.length === 0 && customers() === 'umbrella');
  });

  test('what did not change is not put in force again', async () => {
    await write('acme.json', file('acme'));
    await directory.start();
    await directory.rescan();
    assert.equal(changes, 1);
  });

  test('a directory that is not there is reported; it may come later', async () => {
    await rm(path, { recursive: true });
    await directory.start();
    assert.match(problems[0]!, /cannot be read/);
    assert.deepEqual(rules, []);
  });
});
