/**
 * The way in from a fresh clone, in plain JavaScript because nothing is installed yet:
 * `node tools/bootstrap.mjs up|down|test|promises|bench|soak …` does the set-up that the verb needs and then
 * becomes the compiled program.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';
import { SetupError } from './setup-steps.mjs';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const VERBS = {
  up: { main: 'embedded/supervisor/main.js', setUp: { forTests: false, ports: true } },
  down: { main: 'cli/main.js', prefix: ['down'] },
  test: { main: 'test/run.js', setUp: { forTests: true, ports: false } },
  promises: { main: 'test/promises/run.js', setUp: { forTests: true, ports: false } },
  bench: { main: 'test/bench/run.js', setUp: { forTests: true, ports: false } },
  soak: { main: 'test/soak/run.js', setUp: { forTests: true, ports: false } },
};

async function main([name, ...parameters]) {
  const verb = VERBS[name];
  if (verb === undefined) throw new SetupError(`"${name ?? ''}" is none of ${Object.keys(VERBS).join(', ')}`);
  // What is installed and compiled here is read by users other than root.
  process.umask(0o022);
  const home = resolve(process.env.BELLWETHER_HOME || join(root, '.bellwether'));
  process.env.BELLWETHER_HOME = home;
  const program = join(root, 'dist', verb.main);
  const onlyHelp = parameters.includes('--help') && existsSync(program);
  if (verb.setUp !== undefined && !onlyHelp) await setUp({ root, home, ...verb.setUp });
  if (!existsSync(program)) {
    throw new SetupError(
      verb.setUp === undefined
        ? 'Nothing is compiled here, so nothing of this clone can be running'
        : `${verb.main} is not part of this version`,
    );
  }
  process.argv = [process.argv[0], program, ...(verb.prefix ?? []), ...parameters];
  process.setSourceMapsEnabled(true);
  await import(program);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`\n✗ ${error instanceof SetupError ? error.message : error.stack}`);
  process.exitCode = 1;
});
