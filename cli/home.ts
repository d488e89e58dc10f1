import { resolve } from 'node:path';
import { BellwetherError } from '../common/runtime/errors.js';
import { homePaths, type HomePaths } from '../embedded/supervisor/home.js';
import { isSupervised, readStackFile, survivors, type StackFile } from '../embedded/supervisor/stack-file.js';

/** Where the stack that a command speaks of lies. */
export function currentHome(): HomePaths {
  const home = process.env['BELLWETHER_HOME'];
  return homePaths(resolve(home === undefined || home === '' ? '.bellwether' : home));
}

/** @throws BellwetherError `not_found` when none runs under BELLWETHER_HOME. */
export function runningStack(): StackFile {
  const paths = currentHome();
  const stack = readStackFile(paths.stackFile);
  if (stack !== undefined && isSupervised(stack)) return stack;
  if (stack !== undefined && survivors(stack).length > 0) {
    throw new BellwetherError(
      'not_found',
      `the supervisor of the stack under ${paths.home} died and left parts running: \`npm run down\` clears them, \`npm run up\` starts anew`,
    );
  }
  throw new BellwetherError(
    'not_found',
    `no stack runs under ${paths.home}: start one by \`npm run up\`, or set BELLWETHER_HOME to the home of yours`,
  );
}
