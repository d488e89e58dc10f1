import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTally, type Tally } from './tally.js';
import { temporaryDirectory } from './temporary.js';
import { runTestFiles } from './test-files.js';

const directory = temporaryDirectory();

// node:test refuses to run files from within a test file, which it knows by this.
delete process.env['NODE_TEST_CONTEXT'];

async function tallyOf(content: string, fileLimitMs = 60_000): Promise<Tally> {
  const file = join(directory, 'sample.test.mjs');
  writeFileSync(
    file,
    `import { test, describe, it } from 'node:test';\nimport assert from 'node:assert';\n${content}`,
  );
  const tally = createTally();
  const signal = new AbortController().signal;
  await runTestFiles({ files: [file], concurrency: 1, fileLimitMs, signal }, tally, () => undefined);
  return tally;
}

test('tests are counted, suites are not; skips keep their reasons', async () => {
  const tally = await tallyOf(`
    describe('suite', () => {
      it('good', () => {});
      it('bad', () => assert.equal(1, 2));
      it('left out', { skip: 'needs root' }, () => {});
      it('late', (t) => t.skip('no BTF'));
    });`);
  assert.equal(tally.line(), '1 passed, 1 failed, 2 skipped');
  assert.match(tally.failures()[0] ?? '', /sample\.test\.\w+ › suite › bad: .*1 == 2/);
  assert.match(tally.skips().join('\n'), /left out: needs root\n.*late: no BTF/);
  assert.equal(tally.exitCode(), 1);
});

test('a file that cannot be loaded is a failure with what it printed', async () => {
  const tally = await tallyOf("throw new Error('broken');");
  assert.equal(tally.line(), '0 passed, 1 failed, 0 skipped');
  assert.match(tally.failures()[0] ?? '', /broken/);
});

test('a file whose tests pass but whose process fails is a failure', async () => {
  const tally = await tallyOf("test('good', () => {}); process.on('exit', () => { process.exitCode = 5; });");
  assert.equal(tally.line(), '1 passed, 1 failed, 0 skipped');
});

test('a file that holds no test is a failure', async () => {
  assert.equal((await tallyOf('')).line(), '0 passed, 1 failed, 0 skipped');
});

test('a file that hangs is ended and is a failure', async () => {
  const tally = await tallyOf("test('hangs', () => new Promise((go) => setTimeout(go, 60_000)));", 1_500);
  assert.match(tally.line(), /^0 passed, 1 failed/);
  assert.match(tally.failures()[0] ?? '', /timed out/);
});

test('a run that showed nothing is not a good one', () => {
  assert.equal(createTally().exitCode(), 1);
});
