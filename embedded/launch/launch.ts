import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { BellwetherError } from '../../common/runtime/errors.js';
import { findHiddenDirectories, shellQuote, viewScript, type NumericUser } from './view.js';

export type { NumericUser } from './view.js';

export interface LaunchRequest {
  /** Program and arguments; the program by absolute path. */
  readonly command: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** Undefined: stays who we are (the loader, or a supervisor that is not root). */
  readonly user: NumericUser | undefined;
  /** Absolute paths that the process must reach, whatever lies above them. */
  readonly needs: readonly string[];
  /** Path of a network namespace to run in. */
  readonly networkNamespace?: string;
  /** Ends with its parent: for helpers whose end nobody needs to wait for. */
  readonly endsWithParent?: boolean;
}

/** What setpriv(1) is asked for: another user, no groups, no capability now or ever. */
function privilegeArguments(user: NumericUser): string[] {
  return [
    `--reuid=${String(user.uid)}`,
    `--regid=${String(user.gid)}`,
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set=-all',
    '--inh-caps=-all',
    '--ambient-caps=-all',
  ];
}

/**
 * The command line that ends as the requested program. Every link of the chain execs the next,
 * so the pid that spawn returns is the pid of the program itself.
 */
export function launchCommand(request: LaunchRequest): string[] {
  const chain: string[] = [];
  if (request.networkNamespace !== undefined) {
    chain.push('nsenter', `--net=${request.networkNamespace}`, '--');
  }
  if (request.user !== undefined) {
    const hidden = findHiddenDirectories(request.needs, request.user);
    if (hidden.length > 0) {
      chain.push('unshare', '--mount', '--propagation', 'private', '--');
      chain.push('sh', '-c', viewScript(hidden), 'view');
    }
  }
  const setpriv = request.user === undefined ? [] : privilegeArguments(request.user);
  if (request.endsWithParent === true) setpriv.push('--pdeathsig=TERM');
  if (setpriv.length > 0) chain.push('setpriv', ...setpriv, '--');
  return [...chain, ...request.command];
}

/** The tools of the chain lie here, whatever PATH the program itself is given. */
const CHAIN_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Starts the program in a session of its own (Ctrl-C in the terminal reaches the supervisor only) with
 * both outputs in one file.
 * @param output descriptor open for appending
 */
export function launch(request: LaunchRequest, output: number): ChildProcess {
  const [program, ...parameters] = launchCommand(request);
  if (program === undefined) throw new BellwetherError('setup_failed', 'launch: the command is empty');
  return spawn(program, parameters, {
    cwd: '/',
    env: { PATH: CHAIN_PATH, ...request.environment },
    stdio: ['ignore', output, output],
    detached: true,
  });
}

/**
 * Asks, as the user itself and in its view, whether it can read all below the needed paths.
 * @throws BellwetherError `setup_failed` that names the first path that it cannot and what to do.
 */
export function checkReadable(user: NumericUser, needs: readonly string[]): void {
  const unreadable = '( -type d ( ! -readable -o ! -executable ) -o -type f ! -readable ) -print -quit';
  const find = ['find', '-L', ...needs, ...unreadable.split(' ')];
  const [program, ...parameters] = launchCommand({ command: find, environment: {}, user, needs });
  if (program === undefined) return;
  const result = spawnSync(program, parameters, {
    cwd: '/',
    env: { PATH: CHAIN_PATH },
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (result.error !== undefined) {
    throw new BellwetherError('setup_failed', `cannot run ${program}: ${result.error.message}`);
  }
  const path = result.stdout.split('\n').find((line) => line !== '');
  if (path === undefined && result.status === 0) return;
  if (path === undefined) {
    throw new BellwetherError(
      'setup_failed',
      `cannot start a process as uid ${String(user.uid)}: ${result.stderr.trim() || 'no reason given'}`,
    );
  }
  throw new BellwetherError(
    'setup_failed',
    `uid ${String(user.uid)} cannot read ${path}: run chmod -R a+rX ${shellQuote(path)} ` +
      '(files made under a strict umask), or set BELLWETHER_UID_BASE to users who can',
  );
}
