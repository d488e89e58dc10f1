/** The broker's configuration: one node that is broker and controller, quick to restart, small in memory. */

export interface BrokerAddress {
  readonly port: number;
  readonly controllerPort: number;
  readonly listenHost: string;
  /** What clients are told to connect to; `listenHost`, or this machine's loopback when that is a wildcard. */
  readonly advertisedHost?: string;
}

const NODE_ID = 1;
const MIB = 1024 * 1024;
/** The dead-letter topics take the largest messages (schema/topics.ts). */
const MAX_MESSAGE_BYTES = 10 * MIB;
/** Bound of the disk that one partition takes; the topics' retention in time usually ends it far earlier. */
const PARTITION_BYTES = 1024 * MIB;

/** The text of server.properties. */
export function serverProperties(address: BrokerAddress, dataDirectory: string): string {
  const host = address.advertisedHost ?? loopbackOf(address.listenHost);
  const controller = `${loopbackOf(address.listenHost)}:${address.controllerPort}`;
  return propertiesText({
    'process.roles': 'broker,controller',
    'node.id': NODE_ID,
    'controller.quorum.voters': `${NODE_ID}@${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${address.listenHost}:${address.port},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://${host}:${address.port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': dataDirectory,
    'auto.create.topics.enable': 'false',

    // After kill -9 the broker waits for its own old session to expire: 12 s with the default of 9 s, so less.
    'broker.session.timeout.ms': 1_500,
    'broker.heartbeat.interval.ms': 300,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,

    'message.max.bytes': MAX_MESSAGE_BYTES,
    'replica.fetch.max.bytes': MAX_MESSAGE_BYTES,
    'log.retention.bytes': PARTITION_BYTES,
    'log.segment.bytes': 64 * MIB,

    // One node holds the only copy.
    'default.replication.factor': 1,
    'min.insync.replicas': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,

    // The default cleaner buffer (128 MiB) is half the heap.
    'log.cleaner.dedupe.buffer.size': 4 * MIB,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    'num.recovery.threads.per.data.dir': 2,
  });
}

/** The text of log4j2.properties: stdout only; the supervisor puts it into a file. */
export function log4jProperties(): string {
  return propertiesText({
    status: 'warn',
    'appender.out.type': 'Console',
    'appender.out.name': 'out',
    'appender.out.layout.type': 'PatternLayout',
    'appender.out.layout.pattern': '%d{ISO8601} %p %m (%c)%n',
    'rootLogger.level': 'warn',
    'rootLogger.appenderRef.out.ref': 'out',
    'logger.server.name': 'kafka.server.KafkaRaftServer',
    'logger.server.level': 'info',
    'logger.broker.name': 'kafka.server.BrokerServer',
    'logger.broker.level': 'info',
    'logger.group.name': 'org.apache.kafka.coordinator.group',
    'logger.group.level': 'info',
    'logger.log.name': 'kafka.log.LogManager',
    'logger.log.level': 'info',
  });
}

function loopbackOf(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}

function propertiesText(properties: Readonly<Record<string, string | number>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
