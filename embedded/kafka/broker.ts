import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, lchown, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import { log4jProperties, serverProperties, type BrokerAddress } from './server-properties.js';

export { defaultJarsDir, KAFKA_VERSION, prepareKafka, shareJars } from './artifacts.js';
export { waitForKafka } from './ready.js';

export interface BrokerOptions extends BrokerAddress {
  /** BELLWETHER_HOME; the broker keeps everything under `kafka/` in it. */
  readonly home: string;
  /** Jars as `prepareKafka` left them; the broker's user must be able to read them. */
  readonly jarsDir: string;
}

export interface BrokerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Who the broker runs as: its files are given to them. */
export interface BrokerUser {
  readonly uid: number;
  readonly gid: number;
}

const FORMAT_LIMIT_MS = 60_000;

const dataDirectory = (options: BrokerOptions) => join(options.home, 'kafka', 'data');
const propertiesFile = (options: BrokerOptions) => join(options.home, 'kafka', 'server.properties');
const log4jFile = (options: BrokerOptions) => join(options.home, 'kafka', 'log4j2.properties');
const classPath = (options: BrokerOptions) => join(options.jarsDir, '*');

/** What to run after `formatStorage`, as whoever owns `$home/kafka`. SIGTERM stops it in order (exit code 143). */
export function kafkaCommand(options: BrokerOptions): BrokerCommand {
  return {
    command: javaProgram(),
    args: [
      '-Xms64m',
      '-Xmx256m',
      '-XX:+UseSerialGC',
      '-XX:-UsePerfData',
      // The first compiler only: a start costs 4.2 s of CPU instead of 7.9 s and 158 MB instead of 190 MB
      // (Java 17, two cores), which is what a node of this size feels.
      '-XX:TieredStopAtLevel=1',
      '-Djava.awt.headless=true',
      `-Djava.io.tmpdir=${join(options.home, 'kafka', 'tmp')}`,
      `-Dlog4j2.configurationFile=${log4jFile(options)}`,
      '-cp',
      classPath(options),
      'kafka.Kafka',
      propertiesFile(options),
    ],
    env: {},
  };
}

/**
 * Writes the configuration (at each start: ports may have changed) and formats the storage once.
 * The data directory appears whole by a rename, so that a kill in between leaves nothing half made.
 * @returns true when it was formatted now, false when it had been before.
 * @throws BellwetherError `setup_failed`.
 */
export async function formatStorage(options: BrokerOptions, user?: BrokerUser): Promise<boolean> {
  const directory = join(options.home, 'kafka');
  await mkdir(join(directory, 'tmp'), { recursive: true });
  await writeFile(propertiesFile(options), serverProperties(options, dataDirectory(options)));
  await writeFile(log4jFile(options), log4jProperties());
  const fresh = !(await exists(dataDirectory(options)));
  if (fresh) await format(options, directory);
  if (user !== undefined) await giveTo(directory, user);
  return fresh;
}

async function format(options: BrokerOptions, directory: string): Promise<void> {
  const partial = join(directory, 'data.partial');
  const properties = join(directory, 'format.properties');
  await rm(partial, { recursive: true, force: true });
  await writeFile(properties, serverProperties(options, partial));
  const clusterId = randomBytes(16).toString('base64url');
  const tool = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];
  const logging = `-Dlog4j2.configurationFile=${log4jFile(options)}`;
  const what = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties];
  try {
    await promisify(execFile)(javaProgram(), [...tool, logging, '-cp', classPath(options), ...what], {
      timeout: FORMAT_LIMIT_MS,
    });
  } catch (error) {
    throw new BellwetherError('setup_failed', formatAdvice(error), { cause: error });
  }
  await rm(properties);
  await rename(partial, dataDirectory(options));
}

function formatAdvice(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return 'Kafka needs Java 17 or later, and there is no `java` here: run `apt-get install default-jre-headless`, or set KAFKA_BROKERS to a Kafka that runs elsewhere.';
  }
  const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  return `Kafka's storage could not be formatted (is the disk full, is Java older than 17?): ${messageOf(error)} ${output}`;
}

function javaProgram(): string {
  const home = process.env['JAVA_HOME'];
  return home === undefined || home === '' ? 'java' : join(home, 'bin', 'java');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Gives a directory and all in it to the user, without following links. */
async function giveTo(directory: string, user: BrokerUser): Promise<void> {
  await chown(directory, user.uid, user.gid);
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    await lchown(join(entry.parentPath, entry.name), user.uid, user.gid);
  }
}
