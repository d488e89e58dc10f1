import { getPriority, setPriority } from 'node:os';
import { createLogger } from '../../common/runtime/log.js';
import { runService } from '../../common/runtime/service.js';
import { messageOf } from '../../common/runtime/errors.js';
import { poolThreads, readConfig } from './config.js';
import { Front } from './http/front.js';
import { createMetrics } from './metrics.js';
import { Store } from './store.js';
import { ensureThreadPool } from './thread-pool.js';

async function main(): Promise<void> {
  const config = readConfig();
  // The engine takes its time zone from here; its <timezone> setting has no effect when it is embedded.
  process.env.TZ = 'UTC';
  // Before the process replaces itself: whatever thread starts then takes it over.
  // Where all of the stack was started with a lower priority, none may be raised again.
  setPriority(Math.max(config.BELLWETHER_STORE_NICE, getPriority()));
  ensureThreadPool(poolThreads(config));
  const log = createLogger('store', config.LOG_LEVEL);
  const metrics = createMetrics();
  const store = new Store(config, metrics, log);
  const front = new Front({
    config,
    metrics,
    log,
    notReady: store.notReady,
    alarms: store.alarms,
    run: store.run,
  });
  // Stopped in the opposite order: drained, then nobody listens, then the engine closes.
  await runService(log, [store.opening, front, store.draining]);
}

await main().catch((error: unknown) => {
  createLogger('store', 'info').fatal({ error: messageOf(error) }, 'could not start');
  process.exit(1);
});
