/**
 * `npm test`: unit and property tests, then one shared stack with the demo for the end-to-end tests and the
 * short form of each promise. The last line is `N passed, N failed, N skipped`.
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../common/runtime/errors.js';
import { endAll, processesWith, RUN_MARK } from './support/leftovers.js';
import { compiledFiles, PROJECT } from './support/paths.js';
import { findPromises, runPromise, verdictLine } from './support/promises.js';
import { createTally } from './support/tally.js';
import { runTestFiles } from './support/test-files.js';
import { startTestStack, type TestStack } from './support/test-stack.js';

const UNIT_FILE_LIMIT_MS = 120_000;
const END_TO_END_FILE_LIMIT_MS = 180_000;
const PROMISE_LIMIT_MS = 90_000;
const LINT_LIMIT_MS = 240_000;
const WHOLE_LIMIT_MS = 25 * 60_000;
/** What is left after the whole limit for stopping the stack. */
const STOP_LIMIT_MS = 60_000;

const started = performance.now();
const say = (line: string) => process.stdout.write(`${line}\n`);
const phase = (title: string) =>
  say(`\n── ${title} (${((performance.now() - started) / 1000).toFixed(0)} s)`);

process.env[RUN_MARK] = randomUUID();
const tally = createTally();
const over = new AbortController();
let stack: TestStack | undefined;

async function unitTests(): Promise<void> {
  phase('unit and property tests');
  const files = compiledFiles('.', /\.test\.js$/).filter(
    (file) => !/\/test\/(end-to-end|promises|bench)\//.test(file),
  );
  await runTestFiles(
    { files, concurrency: 2, fileLimitMs: UNIT_FILE_LIMIT_MS, signal: over.signal },
    tally,
    say,
  );
  noProcessLeft('the unit tests leave no process');
}

/** A test that is ended leaves its children behind, and so does one that forgets them. */
function noProcessLeft(name: string): void {
  const left = processesWith(`${RUN_MARK}=${process.env[RUN_MARK] ?? ''}`);
  endAll(left);
  if (left.length === 0) tally.passed(name);
  else tally.failed(name, left.map(({ pid, command }) => `${String(pid)} ${command}`).join('; '));
}

function lint(): void {
  phase('lint');
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [join(PROJECT, 'tools/lint.mjs')], {
    cwd: PROJECT,
    encoding: 'utf8',
    timeout: LINT_LIMIT_MS,
  });
  if (status === 0) {
    tally.passed('lint');
    return;
  }
  say(`${stdout}${stderr}`);
  tally.failed('lint', error === undefined ? 'npm run lint shows where' : messageOf(error));
}

async function endToEnd(running: TestStack): Promise<void> {
  const files = compiledFiles('end-to-end', /\.test\.js$/);
  if (files.length === 0) return;
  phase('end-to-end tests');
  const infoFile = join(running.info.home, 'run', 'test-stack.json');
  writeFileSync(infoFile, JSON.stringify(running.info));
  process.env['BELLWETHER_TEST_STACK'] = infoFile;
  process.env['BELLWETHER_HOME'] = running.info.home;
  // One after the other: they look at the same stack.
  await runTestFiles(
    { files, concurrency: 1, fileLimitMs: END_TO_END_FILE_LIMIT_MS, signal: over.signal },
    tally,
    say,
  );
}

async function promises(running: TestStack | undefined): Promise<void> {
  phase('promises, short form');
  for (const promise of await findPromises()) {
    if (over.signal.aborted) return;
    const verdict = await runPromise(promise, {
      mode: 'short',
      stack: running?.info,
      say,
      limitMs: PROMISE_LIMIT_MS,
    });
    say(verdictLine(promise.name, verdict));
    const name = `promise ${promise.name}`;
    if (verdict.outcome === 'holds') tally.passed(name);
    else if (verdict.outcome === 'skipped') tally.skipped(name, verdict.figure);
    else tally.failed(name, verdict.figure);
  }
}

async function stopStack(): Promise<void> {
  if (stack === undefined) return;
  phase('stopping the stack');
  if (tally.failures().length > 0) {
    stack.keepHome();
    say(`its logs and data are kept for a look at ${stack.info.home}`);
  }
  const running = stack;
  stack = undefined;
  const left = await running.stop();
  if (left.length === 0) tally.passed('no process and no network namespace is left');
  else tally.failed('no process and no network namespace is left', left.join(', '));
  noProcessLeft('the whole run leaves no process');
}

async function all(): Promise<void> {
  await unitTests();
  lint();
  phase('a stack with the demo');
  stack = await startTestStack(say).catch((error: unknown) => {
    tally.failed('the stack starts', messageOf(error));
    return undefined;
  });
  if (stack !== undefined) {
    tally.passed('the stack starts');
    await endToEnd(stack);
  }
  await promises(stack);
}

function finish(): never {
  const skips = tally.skips();
  if (skips.length > 0) say(`\nskipped:\n  ${skips.join('\n  ')}`);
  const failures = tally.failures();
  if (failures.length > 0) say(`\nfailed:\n  ${failures.map((line) => line.split('\n')[0]).join('\n  ')}`);
  say(`\n${((performance.now() - started) / 1000).toFixed(0)} s\n${tally.line()}`);
  process.exit(tally.exitCode());
}

setTimeout(() => {
  tally.failed('the whole run', `took longer than ${String(WHOLE_LIMIT_MS / 60_000)} minutes`);
  over.abort();
  setTimeout(finish, STOP_LIMIT_MS);
  void stopStack().finally(finish);
}, WHOLE_LIMIT_MS).unref();

process.once('SIGINT', () => {
  over.abort();
  void stopStack().finally(finish);
});

try {
  await all();
} catch (error) {
  tally.failed('the run', messageOf(error));
}
await stopStack();
finish();
