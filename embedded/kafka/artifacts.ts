import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import {
  access,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';

export const KAFKA_VERSION = '4.4.0';
/** Kafka brings log4j-core of this version but no SLF4J binding; without one it logs nothing at all. */
const LOG4J_VERSION = '2.25.5';
/** Pinned, so that the copy does not depend on which Maven is installed. */
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

const MAVEN_LIMIT_MS = 300_000;
/** Written last: a directory without it is what an interrupted copy left. */
const MANIFEST = 'complete.json';

const manifest = z.object({ files: z.record(z.string(), z.number()) });

/** Where the jars of this version lie for this user, outside any clone. */
export function defaultJarsDir(environment: NodeJS.ProcessEnv = process.env): string {
  const cache = environment['XDG_CACHE_HOME'];
  return join(
    cache === undefined || cache === '' ? join(homedir(), '.cache') : cache,
    'bellwether',
    `kafka-${KAFKA_VERSION}`,
  );
}

/**
 * Fetches Kafka's jars (44 MB) through Maven into `jarsDir`; does nothing when they are there and whole.
 * The directory and its files are readable by all, but whether another user reaches them is up to the
 * directories above: `shareJars` puts them where the broker's user can read.
 * @throws BellwetherError `setup_failed` that says what to do.
 */
export async function prepareKafka(jarsDir: string, log: Logger): Promise<void> {
  if (await jarsComplete(jarsDir)) return;
  log.info({ jarsDir, version: KAFKA_VERSION }, "fetching Kafka's jars through Maven (44 MB)");
  await mkdir(dirname(jarsDir), { recursive: true });
  const work = await mkdtemp(`${jarsDir}.partial-`);
  try {
    await writeFile(join(work, 'pom.xml'), pom());
    await runMaven(work);
    await writeManifest(join(work, 'jars'));
    await rm(jarsDir, { recursive: true, force: true });
    await rename(join(work, 'jars'), jarsDir);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Puts the jars under `to` for a process of another user: hard links where the file system allows it,
 * else copies. Does nothing when they are there and whole.
 */
export async function shareJars(from: string, to: string): Promise<void> {
  if (await jarsComplete(to)) return;
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true, mode: 0o755 });
  const names = (await readdir(from)).filter((name) => name !== MANIFEST);
  // The manifest comes last, here as well.
  for (const name of [...names, MANIFEST]) {
    await link(join(from, name), join(to, name)).catch(() => copyFile(join(from, name), join(to, name)));
  }
}

/** True when the manifest is there and each file in it has its size. */
export async function jarsComplete(jarsDir: string): Promise<boolean> {
  try {
    const { files } = manifest.parse(JSON.parse(await readFile(join(jarsDir, MANIFEST), 'utf8')));
    for (const [name, size] of Object.entries(files)) {
      const path = join(jarsDir, name);
      if ((await stat(path)).size !== size) return false;
      await access(path, constants.R_OK);
    }
    return `kafka_2.13-${KAFKA_VERSION}.jar` in files;
  } catch {
    return false;
  }
}

async function writeManifest(jarsDir: string): Promise<void> {
  const files: Record<string, number> = {};
  for (const name of await readdir(jarsDir)) files[name] = (await stat(join(jarsDir, name))).size;
  await writeFile(join(jarsDir, MANIFEST), `${JSON.stringify({ files }, null, 2)}\n`);
}

async function runMaven(work: string): Promise<void> {
  const arguments_ = ['-q', '-B', `${DEPENDENCY_PLUGIN}:copy-dependencies`, '-DincludeScope=runtime'];
  try {
    await promisify(execFile)('mvn', [...arguments_, `-DoutputDirectory=${join(work, 'jars')}`], {
      cwd: work,
      timeout: MAVEN_LIMIT_MS,
      maxBuffer: 8 * 1024 * 1024,
    });
  } catch (error) {
    throw new BellwetherError('setup_failed', mavenAdvice(error), { cause: error });
  }
}

function mavenAdvice(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return "Kafka's jars are fetched through Maven, and there is no `mvn` here: run `apt-get install maven`, or set KAFKA_BROKERS to a Kafka that runs elsewhere.";
  }
  const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
  const firstError = /^\[ERROR\].*$/m.exec(output)?.[0] ?? messageOf(error).split('\n')[0] ?? '';
  return `Maven could not fetch Kafka ${KAFKA_VERSION}: check that this machine reaches Maven Central or that ~/.m2/settings.xml names a mirror, or set KAFKA_BROKERS to a Kafka that runs elsewhere. Maven said: ${firstError}`;
}

function pom(): string {
  const dependency = (group: string, artifact: string, version: string) =>
    `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>bellwether</groupId>
  <artifactId>embedded-kafka</artifactId>
  <version>1</version>
  <dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION)}
${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J_VERSION)}
  </dependencies>
</project>
`;
}
