import { setTimeout as sleep } from 'node:timers/promises';

/** How the answers to readers were. */
export interface ReaderFigures {
  readonly milliseconds: readonly number[];
  readonly failures: readonly string[];
}

/** What four people look at: a customer's latency and drops, the last quarter of an hour, again and again. */
const QUESTIONS = [
  'acme/latency?signal=tcp.rtt&from=now-15m&step=15s',
  'globex/drops?from=now-15m&by=reason&step=15s',
  'initech/latency?signal=tcp.connect.duration&from=now-5m&step=5s',
  'umbrella/drops?from=now-5m&by=app&step=5s',
];
const LIMIT_MS = 30_000;
const THINK_MS = 1_000;

/** Each asks its question a second after the last answer, five times as often as the page does, until `stopped`. */
export async function readUntil(api: string, token: string, stopped: AbortSignal): Promise<ReaderFigures> {
  const milliseconds: number[] = [];
  const failures: string[] = [];
  const read = async (question: string) => {
    while (!stopped.aborted) {
      const begin = performance.now();
      try {
        const response = await fetch(`${api}/v1/customers/${question}`, {
          headers: { authorization: `Bearer ${token}` },
          signal: AbortSignal.timeout(LIMIT_MS),
        });
        const text = await response.text();
        if (response.ok) milliseconds.push(performance.now() - begin);
        else failures.push(`${question}: ${response.status} ${text.slice(0, 200)}`);
      } catch (error) {
        failures.push(`${question}: ${String(error)}`);
      }
      await sleep(THINK_MS);
    }
  };
  await Promise.all(QUESTIONS.map(read));
  return { milliseconds, failures };
}
