import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import { createLogger } from '../../common/runtime/log.js';
import { createDemo } from '../demo/namespaces.js';
import { demoOwners, demoPlan } from '../demo/plan.js';
import { defaultJarsDir, formatStorage, prepareKafka } from '../kafka/broker.js';
import { checkReadable } from '../launch/launch.js';
import { clearLeftovers } from './clean-up.js';
import type { StackConfig } from './config.js';
import { prepareHome, type HomePaths } from './home.js';
import { rotateAtStart } from './log-files.js';
import { checkDisk, checkPorts, installationOf, isRoot, whyNoProbes } from './machine.js';
import { runOnce } from './once.js';
import type { UpOptions } from './options.js';
import {
  agentUnit,
  apiUnit,
  brokerOptions,
  kafkaUnit,
  loopbackOf,
  receiverUnit,
  rollupUnit,
  schemaRequest,
  storeUnit,
  trafficUnit,
  writerUnit,
  type StackContext,
} from './parts.js';
import { bootId, identify } from './processes.js';
import { prepareStoreAccess } from './secrets.js';
import { Stack } from './stack.js';
import { takeLock, writeStackFile, type StackFile } from './stack-file.js';
import { watchStatus } from './status.js';
import type { Terminal } from './terminal.js';
import { prepareTokens } from './tokens.js';
import type { UnitSpec } from './unit.js';
import { assignUsers } from './users.js';
import { accessText } from './words.js';

export interface SupervisorInput {
  readonly config: StackConfig;
  readonly paths: HomePaths;
  readonly options: UpOptions;
  readonly terminal: Terminal;
  /** `dist` */
  readonly code: string;
  readonly packages: string;
  readonly loader: string;
  /** The repository's recording of frames, for machines whose kernel cannot be watched. */
  readonly recording: string | undefined;
}

const SCHEMA_LIMIT_MS = 120_000;
/** Longest wait for a step of the start that goes on when the stop was asked for. */
const SETTLE_LIMIT_MS = 30_000;

/** Ends the start when the user asks to stop in the middle of it. */
class Interrupted extends Error {}

/** What was written to the log of a part since the last start is kept beside it. */
const LOGS = [
  ...['kafka', 'store', 'schema', 'writer', 'rollup', 'receiver', 'api', 'loader', 'agent', 'demo'],
];

/** Runs a stack until it is asked to stop. @returns the exit code. */
export async function runSupervisor(input: SupervisorInput): Promise<number> {
  return await new Supervisor(input).run();
}

class Supervisor {
  private readonly stack: Stack;
  private readonly log;
  private readonly startedAt = new Date().toISOString();
  private readonly halt = new AbortController();
  private state: StackFile['state'] = 'starting';
  private source: StackFile['source'] = 'none';
  /** File of recorded frames, when they take the kernel's place. */
  private replay: string | undefined;
  private tokens: Record<string, string> = {};
  private adminUrlFile = '';
  private holdsHome = false;
  /** The start, settled when it is over however it went. */
  private startOver: Promise<unknown> = Promise.resolve();

  constructor(private readonly input: SupervisorInput) {
    this.stack = new Stack(input.terminal, () => this.publish());
    this.log = createLogger('supervisor', 'error');
  }

  async run(): Promise<number> {
    const { terminal } = this.input;
    const stopAsked = new Promise<never>((_resolve, reject) => {
      this.halt.signal.addEventListener('abort', () => reject(new Interrupted()), { once: true });
    });
    const onSignal = (signal: string) => {
      // Ctrl-C reaches this process from the terminal and once more from npm.
      if (this.halt.signal.aborted) return;
      terminal.endLive();
      terminal.say(`${signal}: stopping all parts in order`);
      this.halt.abort();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    // The terminal went away (ssh lost): stop in order as well.
    process.on('SIGHUP', onSignal);
    let exitCode = 0;
    try {
      const start = this.start();
      this.startOver = start.catch(() => undefined);
      await Promise.race([start, stopAsked]);
      await Promise.race([this.watch(), stopAsked]);
    } catch (error) {
      if (!(error instanceof Interrupted)) {
        exitCode = 1;
        terminal.endLive();
        terminal.print(`\n✗ ${messageOf(error)}\n`);
      }
    }
    await this.stop();
    return exitCode;
  }

  private async start(): Promise<void> {
    const { terminal, options } = this.input;
    const begin = performance.now();
    const context = await this.prepare();
    this.demandGoing();
    await this.startBackbone(context);
    this.demandGoing();
    // They do not need each other, and a start is mostly reading code.
    await Promise.all([
      options.writer && this.stack.start(writerUnit(context), 'moves batches from Kafka into the store'),
      options.rollup && this.stack.start(rollupUnit(context), 'keeps minutes, hours and days'),
      options.receiver && this.stack.start(receiverUnit(context), "takes customers' own OTLP metrics"),
      options.api && this.stack.start(apiUnit(context), 'answers customers and operators'),
    ]);
    const customers = this.demoIs() === 'none' ? [] : demoPlan('').customers.map(({ customer }) => customer);
    this.tokens = await prepareTokens(context.paths, context.access.urlOf('admin'), customers);
    this.demandGoing();
    await this.startDemo(context);
    if (this.source !== 'none') {
      await this.stack.start(
        agentUnit(context, this.replay),
        'measures, says whose it is, ships it to Kafka',
      );
    }
    this.demandGoing();
    this.state = 'ready';
    terminal.say(`all parts are ready (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
    terminal.print(accessText(this.describe()));
    // Last: whoever started us in the background shows what was said until then, and goes.
    this.publish();
  }

  /** Between two steps of the start: no further one when the stop was asked for. */
  private demandGoing(): void {
    if (this.halt.signal.aborted) throw new Interrupted();
  }

  /** Takes the home, clears what a crash left, checks the machine, makes directories and secrets. */
  private async prepare(): Promise<StackContext> {
    const { config, paths, terminal, code, packages, loader } = this.input;
    const users = assignUsers(config.uidBase, isRoot());
    prepareHome(paths, users);
    if (!takeLock(paths.lockFile)) {
      throw new BellwetherError(
        'setup_failed',
        `another supervisor is starting or stopping under ${paths.home}`,
      );
    }
    this.holdsHome = true;
    const cleared = await clearLeftovers(paths);
    if (cleared.length > 0) terminal.say(`cleared what an earlier crash had left: ${cleared.join(', ')}`);
    checkDisk(paths.home);
    this.chooseSource();
    await checkPorts(loopbackOf({ config }), this.portsInUse());
    for (const name of LOGS) {
      rotateAtStart(join(paths.log, `${name}.log`));
    }
    const storeAddress = `http://${loopbackOf({ config })}:${String(config.ports.store)}`;
    const access = prepareStoreAccess(paths, storeAddress, config.clickhouseUrl);
    this.adminUrlFile = access.adminUrlFile;
    this.publish();
    const codeNeeds = [code, packages, ...installationOf(process.execPath)];
    if (users.store === undefined) {
      terminal.say('not root: every part runs as the same user, without walls between them');
    } else {
      checkReadable(users.store, [code, packages, ...(this.replay === undefined ? [] : [this.replay])]);
    }
    const brokers = config.kafkaBrokers ?? [`${loopbackOf({ config })}:${String(config.ports.kafka)}`];
    return { config, paths, users, access, log: this.log, code, codeNeeds, loader, brokers };
  }

  /** Only what we listen on ourselves. */
  private portsInUse(): Record<string, number> {
    const { config, options } = this.input;
    const { kafka, kafkaController, store, api, writer, rollup, receiver, agent } = config.ports;
    return {
      ...(config.kafkaBrokers === undefined ? { kafka, kafkaController } : {}),
      ...(config.clickhouseUrl === undefined ? { store } : {}),
      ...(options.api ? { api } : {}),
      ...(options.writer ? { writer } : {}),
      ...(options.rollup ? { rollup } : {}),
      ...(options.receiver ? { receiver } : {}),
      ...(options.agent ? { agent } : {}),
    };
  }

  /** Kafka and the store, or the real ones that the user named, with topics and tables. */
  private async startBackbone(context: StackContext): Promise<void> {
    const { terminal, paths } = this.input;
    const kafka = await this.prepareBroker(context);
    await Promise.all([
      kafka === undefined ? undefined : this.stack.start(kafka, 'a real Apache Kafka, single node'),
      this.startStore(context),
    ]);
    terminal.say('making topics and migrating tables');
    this.demandGoing();
    const log = join(paths.log, 'schema.log');
    await runOnce('schema', schemaRequest(context), log, SCHEMA_LIMIT_MS, this.halt.signal);
  }

  /** Jars and formatted storage; undefined when a Kafka of the user's replaces ours. */
  private async prepareBroker(context: StackContext): Promise<UnitSpec | undefined> {
    const { terminal, config } = this.input;
    if (config.kafkaBrokers !== undefined) {
      terminal.say(`using Kafka at ${config.kafkaBrokers.join(',')} (KAFKA_BROKERS)`);
      return undefined;
    }
    const jarsDir = defaultJarsDir();
    if (!existsSync(jarsDir)) terminal.say("fetching Kafka's jars through Maven (44 MB, once)");
    await prepareKafka(jarsDir, this.log);
    if (context.users.kafka !== undefined) checkReadable(context.users.kafka, [jarsDir]);
    this.demandGoing();
    await formatStorage(brokerOptions(context, jarsDir), context.users.kafka, this.halt.signal);
    return kafkaUnit(context, jarsDir);
  }

  private async startStore(context: StackContext): Promise<void> {
    const { terminal, config } = this.input;
    if (config.clickhouseUrl !== undefined) {
      terminal.say(`using ClickHouse at ${new URL(config.clickhouseUrl).host} (CLICKHOUSE_URL)`);
      return;
    }
    await this.stack.start(storeUnit(context), 'the ClickHouse engine behind its HTTP protocol');
  }

  /** Decides what is measured: this kernel, or a recording where it cannot be watched or was asked for. */
  private chooseSource(): void {
    const { terminal, options, loader, recording } = this.input;
    if (!options.agent) return;
    const obstacle = options.replay === undefined ? whyNoProbes(loader) : undefined;
    if (obstacle !== undefined) terminal.say(`no live probes here: ${obstacle}`);
    this.replay = options.replay ?? (obstacle === undefined ? undefined : recording);
    if (this.replay !== undefined) {
      this.source = 'recording';
      terminal.say(`measurements come from the recording ${this.replay}`);
    } else if (obstacle === undefined) {
      this.source = 'kernel';
    } else {
      terminal.say('there is no recording to go on with either (--replay FILE): no agent');
    }
  }

  /** The demo's customers: in namespaces of this machine, or in the repository's recording of them. */
  private demoIs(): 'live' | 'recorded' | 'none' {
    if (this.replay !== undefined && this.replay === this.input.recording) return 'recorded';
    return this.input.options.demo && isRoot() && this.replay === undefined ? 'live' : 'none';
  }

  /** Two customers with owners' rules, and unless they are recorded, namespaces and traffic. */
  private async startDemo(context: StackContext): Promise<void> {
    const { terminal, config, paths, options } = this.input;
    const kind = this.demoIs();
    if (kind === 'none') {
      if (options.demo) terminal.say('no demo: it needs root and live probes');
      return;
    }
    const plan = demoPlan(kind === 'live' ? config.demoPrefix : '');
    const names = plan.customers.map(({ netns }) => netns).join(' and ');
    if (kind === 'live') {
      terminal.say(`making the demo: network namespaces ${names}, joined through ${plan.router}`);
      await createDemo(plan, paths.home, paths.demoFile);
    } else {
      terminal.say(`the recording is of the demo: owners' rules for ${names}`);
    }
    writeFileSync(paths.demoOwners, `${JSON.stringify(demoOwners(plan), null, 2)}\n`);
    if (kind === 'recorded') return;
    await this.stack.start(
      trafficUnit(context, plan),
      'TCP requests and UDP echoes between the two, steadily',
    );
  }

  private async watch(): Promise<void> {
    const { terminal } = this.input;
    await watchStatus({ describe: () => this.describe(), terminal, signal: this.halt.signal });
  }

  private async stop(): Promise<void> {
    const { paths, terminal } = this.input;
    if (!this.holdsHome) return;
    this.state = 'stopping';
    this.publish();
    const begin = performance.now();
    // What a start that is under way waits for ends here, and with it the start; a failed one has begun the stop.
    this.halt.abort();
    await this.stack.stop();
    await Promise.race([this.startOver, sleep(SETTLE_LIMIT_MS, undefined, { ref: false })]);
    await this.stack.stop();
    await clearLeftovers(paths);
    rmSync(paths.lockFile, { force: true });
    terminal.say(
      `all stopped (${((performance.now() - begin) / 1000).toFixed(1)} s); the data stays in ${paths.home}`,
    );
  }

  private describe(): StackFile {
    const { config, paths } = this.input;
    const host = loopbackOf({ config });
    return {
      home: paths.home,
      ...identify(process.pid),
      bootId: bootId(),
      startedAt: this.startedAt,
      state: this.state,
      source: this.source,
      demo: this.demoIs() === 'live',
      demoPrefix: config.demoPrefix,
      urls: {
        api: `http://${host}:${String(config.ports.api)}`,
        kafka: (config.kafkaBrokers ?? [`${host}:${String(config.ports.kafka)}`]).join(','),
        clickhouse:
          config.clickhouseUrl === undefined
            ? `http://${host}:${String(config.ports.store)}`
            : new URL(config.clickhouseUrl).origin,
      },
      ports: config.ports,
      parts: this.stack.parts(),
      tokens: this.tokens,
      urlFiles: { clickhouseAdmin: this.adminUrlFile },
    };
  }

  private publish(): void {
    if (this.holdsHome) writeStackFile(this.input.paths.stackFile, this.describe());
  }
}
