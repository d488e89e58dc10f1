/** The whole set-up of a clone; repeating it does only what is still missing. */
import { checkDisk, checkNode, checkPorts, sayLimits } from './setup-checks.mjs';
import { buildCode, buildProbes, installNpmPackages } from './setup-build.mjs';
import { installPackages } from './setup-packages.mjs';
import { setupLog } from './setup-steps.mjs';

/**
 * @param {{ root: string, home: string, forTests: boolean, ports: boolean }} what
 *   `home`: BELLWETHER_HOME, whose log/ takes the output of each step; `ports`: check that they are free
 */
export async function setUp({ root, home, forTests, ports }) {
  checkNode();
  sayLimits();
  checkDisk(root);
  if (ports) await checkPorts(root, home);
  const log = (name) => setupLog(home, name);
  // What compiles C waits for apt, what compiles TypeScript for npm; the two do not wait for each other.
  const native = async () => {
    await installPackages({ forTests, log: log('apt') });
    await buildProbes({ root, log: log('bpf') });
  };
  const code = async () => {
    await installNpmPackages({ root, log: log('npm') });
    await buildCode({ root, log: log('build') });
  };
  const outcomes = await Promise.allSettled([native(), code()]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
