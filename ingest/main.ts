import { createProducer } from '../common/kafka/producer.js';
import { configureOrExit } from '../common/runtime/configure.js';
import { createLogger } from '../common/runtime/log.js';
import { runService } from '../common/runtime/service.js';
import { createTelemetry } from '../common/telemetry/telemetry.js';
import { createAgent, MAX_MESSAGE_BYTES } from './agent.js';
import { readConfig } from './config.js';

const config = configureOrExit('agent', readConfig);
const log = createLogger('agent', config.LOG_LEVEL);
const producer = createProducer({
  brokers: config.KAFKA_BROKERS,
  clientId: `bellwether-agent-${config.BELLWETHER_HOST_ID}`,
  log,
  maxMessageBytes: MAX_MESSAGE_BYTES,
});
const components = createAgent(config, {
  producer,
  log,
  onEnd: () => {
    if (config.BELLWETHER_REPLAY !== undefined) {
      log.info('the recording is over');
      process.kill(process.pid, 'SIGTERM');
      return;
    }
    // The supervisor starts loader and agent again as a pair.
    throw new Error('the loader went away');
  },
});
await runService(log, [createTelemetry('agent'), ...components]);
