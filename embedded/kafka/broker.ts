import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, lchown, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import { log4jProperties, serverProperties, type BrokerAddress } from './server-properties.js';

export { defaultJarsDir, KAFKA_VERSION, prepareKafka, shareJars } from './artifacts.js';
export { waitForKafka } from './ready.js';

export interface BrokerOptions extends BrokerAddress {
  /** BELLWETHER_HOME; the broker keeps its data under `kafka/`, we its configuration under `run/kafka/`. */
  readonly home: string;
  /** Jars as `prepareKafka` left them; the broker's user must be able to read them. */
  readonly jarsDir: string;
}

export interface BrokerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Who the broker runs as: its data is given to them. */
export interface BrokerUser {
  readonly uid: number;
  readonly gid: number;
}

const FORMAT_LIMIT_MS = 60_000;

const dataDirectory = (options: BrokerOptions) => join(options.home, 'kafka', 'data');
/**
 * Where the configuration lies, which the broker only reads. Its directory is ours: in one of the broker's own,
 * a broker that somebody took over could put links in place of what we write, and have root write elsewhere.
 */
export const configurationDirectory = (home: string) => join(home, 'run', 'kafka');
const ownFile = (options: BrokerOptions, name: string) => join(configurationDirectory(options.home), name);
const propertiesFile = (options: BrokerOptions) => ownFile(options, 'server.properties');
const log4jFile = (options: BrokerOptions) => ownFile(options, 'log4j2.properties');
/** The broker's, but in a directory of ours, where it cannot be replaced. */
const temporaryDirectory = (options: BrokerOptions) => ownFile(options, 'tmp');
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
      `-Djava.io.tmpdir=${temporaryDirectory(options)}`,
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
 * Writes the configuration (at each start: ports may have changed) and formats the storage once. From then on
 * nothing in the broker's directory is touched: it is theirs.
 * The data directory appears whole by a rename, so that a kill in between leaves nothing half made.
 * @param signal ends a format that is under way
 * @returns true when it was formatted now, false when it had been before.
 * @throws BellwetherError `setup_failed`.
 */
export async function formatStorage(
  options: BrokerOptions,
  user?: BrokerUser,
  signal?: AbortSignal,
): Promise<boolean> {
  const directory = configurationDirectory(options.home);
  await mkdir(temporaryDirectory(options), { recursive: true });
  await chmod(directory, 0o755);
  await writeReadable(propertiesFile(options), serverProperties(options, dataDirectory(options)));
  await writeReadable(log4jFile(options), log4jProperties());
  await chmod(temporaryDirectory(options), 0o700);
  if (user !== undefined) await chown(temporaryDirectory(options), user.uid, user.gid);
  const fresh = !(await exists(dataDirectory(options)));
  if (fresh) await format(options, user, signal);
  return fresh;
}

async function writeReadable(path: string, content: string): Promise<void> {
  await writeFile(path, content);
  await chmod(path, 0o644);
}

/** Made among our own files and moved to the broker's when it is complete and theirs. */
async function format(options: BrokerOptions, user?: BrokerUser, signal?: AbortSignal): Promise<void> {
  const partial = ownFile(options, 'data.partial');
  const properties = ownFile(options, 'format.properties');
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(options.home, 'kafka'), { recursive: true });
  await writeReadable(properties, serverProperties(options, partial));
  const clusterId = randomBytes(16).toString('base64url');
  const tool = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];
  const logging = `-Dlog4j2.configurationFile=${log4jFile(options)}`;
  // As one argument: one in 64 ids begins with a dash, which would be read as an option.
  const what = ['kafka.tools.StorageTool', 'format', `--cluster-id=${clusterId}`, '-c', properties];
  try {
    await promisify(execFile)(javaProgram(), [...tool, logging, '-cp', classPath(options), ...what], {
      timeout: FORMAT_LIMIT_MS,
      signal,
    });
  } catch (error) {
    throw new BellwetherError('setup_failed', formatAdvice(error), { cause: error });
  }
  await rm(properties);
  if (user !== undefined) await giveTo(partial, user);
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
