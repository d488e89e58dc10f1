import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../common/runtime/errors.js';
import type { ManagedProcess, Probe } from './managed-process.js';

const PROBE_LIMIT_MS = 10_000;
/** So many failed checks in a row, and the process is taken to hang. */
const FAILURES_BEFORE_KILL = 3;

/** A probe that asks a URL: any 2xx answer within 10 s is well. */
export function httpProbe(url: string, limitMs = PROBE_LIMIT_MS): Probe {
  return async () => {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(limitMs) });
      const body = await answer.text();
      return answer.ok ? undefined : `${url} answers ${String(answer.status)} ${body.slice(0, 200)}`;
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      return `${url}: ${messageOf(cause)}`;
    }
  };
}

/**
 * Resolves, with the reason, when the process fails its health check three times in a row; it was killed by
 * then, because a hanging process would not end on SIGTERM. Never resolves otherwise.
 */
export async function watchHealth(
  started: ManagedProcess,
  intervalMs: number,
  signal: AbortSignal,
): Promise<string> {
  const { health, name } = started.spec;
  const forever = new Promise<string>(() => undefined);
  if (health === undefined) return forever;
  const isOver = () => signal.aborted;
  let failures = 0;
  while (failures < FAILURES_BEFORE_KILL) {
    await sleep(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (isOver()) return forever;
    const missing = await health();
    // An end of the process or of the watch while the question was out: not a hang.
    if (isOver()) return forever;
    failures = missing === undefined ? 0 : failures + 1;
    if (failures === FAILURES_BEFORE_KILL) {
      started.kill();
      return `${name} failed ${String(failures)} health checks (${missing ?? ''}) and was killed`;
    }
  }
  return forever;
}
