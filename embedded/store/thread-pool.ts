import koffi from 'koffi';

const F_SETFD = 2;

/**
 * libuv reads UV_THREADPOOL_SIZE when its pool starts, and the module loader has started it before any line
 * of ours runs. So the process replaces itself, once, with the variable set: same pid, nobody to forward
 * signals to, nobody to orphan.
 */
export function ensureThreadPool(threads: number): void {
  const now = Number(process.env.UV_THREADPOOL_SIZE ?? '4');
  if (now >= threads) return;
  const environment = { ...process.env, UV_THREADPOOL_SIZE: String(threads) };
  const pairs = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const libc = koffi.load(null);
  // Node marks its standard streams close-on-exec.
  const fcntl = libc.func('int fcntl(int, int, ...)');
  for (const stream of [0, 1, 2]) fcntl(stream, F_SETFD, 'int', 0);
  const execve = libc.func('int execve(const char *, const char **, const char **)');
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  execve(process.execPath, [...command, null], [...pairs, null]);
  throw new Error(
    `the process could not start itself again: start it with UV_THREADPOOL_SIZE=${threads} in its environment`,
  );
}
