/**
 * Runs one Apache Kafka broker as a child process.
 *
 * B1. The broker never outlives its parent. A shell between the two holds a pipe from the parent
 *     and kills the broker when the pipe closes, even if the parent was killed.
 * B2. The broker has its own process group, and ignores SIGTERM. Neither Ctrl-C in the terminal nor
 *     a shutdown of the system stops it, so services can drain first.
 * B3. The storage is formatted once. Data and ids persist; ports may change from start to start.
 * B4. The broker's process runs in its data folder and knows all paths from there. So no name of a
 *     folder can have a meaning in a list, a class path or a file of properties.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { PlatformError } from '#contracts';
import { lockFolder } from '#platform';
import { startDockerBroker } from './docker-broker.ts';
import type { BrokerAdmin, BrokerOptions, RunningBroker } from './broker-options.ts';
import { classArchive } from './class-archive.ts';
import { freePort } from './free-port.ts';
import { brokerJars, defaultCacheDir } from './jars.ts';
import { findJava, type FoundJava, javaMajorMin, whyNot } from './java.ts';
import { lastLines } from './last-lines.ts';
import { brokerStopSignal, classesName, formatStorage, type Jvm, jarsName, launchBroker, propertiesName } from './jvm.ts';
import { type AccountSettings, serverProperties } from './server-properties.ts';

/** Name in the data folder. */
const storageName = 'log';
const startDeadlineMs = 60_000;
const stopDeadlineMs = 10_000;
/** The end of a trial run, in which Java writes the archive of its classes. */
const trialStopDeadlineMs = 60_000;

/**
 * Starts a broker: with Java and jars from Maven Central, else with Docker.
 * @throws PlatformError `BROKER_MISSING` if neither Java with Maven nor Docker is available;
 *   `BROKER_START_FAILED`; `DATA_DIR_LOCKED`.
 */
export async function startBroker(options: BrokerOptions): Promise<RunningBroker> {
  const { mode = 'auto', cacheDir = defaultCacheDir(options.dataDir) } = options;
  const reasons: string[] = [];
  if (mode !== 'docker') {
    const java = await findJava();
    if (java.kind === 'missing') reasons.push(...java.reasons);
    else {
      const noMaven = existsSync(cacheDir) ? undefined : await whyNot('mvn', ['-v']);
      if (noMaven === undefined) return startJavaBroker(options, java, cacheDir);
      reasons.push(noMaven);
    }
  }
  if (mode !== 'java') {
    const noDocker = await whyNot('docker', ['info']);
    if (noDocker === undefined) return startDockerBroker(options);
    reasons.push(noDocker);
  }
  throw new PlatformError('BROKER_MISSING', {
    details: {
      reason: `no broker can be started (${reasons.join('; ')}): install Java ${javaMajorMin} or newer with Maven (e.g. apt-get install openjdk-17-jre-headless maven), or start Docker, or set KAFKA_BROKERS to the brokers of a cluster`,
    },
  });
}

async function startJavaBroker(options: BrokerOptions, java: FoundJava, cacheDir: string): Promise<RunningBroker> {
  const jars = await brokerJars(cacheDir);
  const { command } = java;
  const jvm = { java: command, dataDir: options.dataDir, isShortLived: options.isShortLived ?? false };
  const archive = await classArchive(java, jars, async (dataDir) => trialRun(command, dataDir, jars));
  return runBroker(options, archive === undefined ? jvm : { ...jvm, classes: 'use' }, { jars, archive });
}

/** Runs a broker that writes the archive of its classes into its folder. */
async function trialRun(java: string, dataDir: string, jars: string): Promise<void> {
  const broker = await runBroker({ dataDir }, { java, dataDir, isShortLived: true, classes: 'write' }, { jars });
  await broker.stop();
}

/** Files that the data folder of a broker links to. */
interface LinkedFiles {
  readonly jars: string;
  readonly archive?: string | undefined;
}

async function runBroker(options: BrokerOptions, jvm: Jvm, files: LinkedFiles): Promise<RunningBroker> {
  const { dataDir } = options;
  const unlock = await lockFolder(dataDir);
  try {
    await linkFile(dataDir, jarsName, files.jars);
    await linkFile(dataDir, classesName, files.archive);
    const port = options.port || (await freePort());
    await assertNobodyListens(port);
    const accounts = options.hasAccounts ? await newAdmin() : undefined;
    const settings = {
      logDir: storageName,
      port,
      controllerPort: await freePort(),
      flushEachRecord: options.flushEachRecord ?? false,
      ...(accounts === undefined ? {} : { accounts }),
      ...(options.properties === undefined ? {} : { properties: options.properties }),
    };
    const storage = join(dataDir, storageName);
    // The data of the broker is not readable past its accounts, by the files.
    await chmod(dataDir, 0o700);
    await writePrivately(join(dataDir, propertiesName), serverProperties(settings));
    if (!existsSync(join(storage, 'meta.properties'))) {
      const isNew = !existsSync(storage);
      await formatStorage(jvm, options.clusterId).catch(async (error: unknown) => {
        // Half a format would pass for a whole one at the next start.
        if (isNew) await rm(storage, { recursive: true, force: true });
        throw error;
      });
    }
    const log = await open(logFile(dataDir), 'w', 0o600);
    const child = launchBroker(jvm, log);
    await log.close();
    const exited = new Promise<string>((resolve) => child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`)));
    void exited.then(unlock);
    await answering(port, exited, dataDir).catch(async (error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    });
    return {
      bootstrapServers: `127.0.0.1:${port}`,
      way: 'java',
      exited,
      ...(accounts === undefined ? {} : { admin: adminOf(accounts) }),
      stop: async () => stopChild(child, exited, jvm.classes === 'write' ? trialStopDeadlineMs : stopDeadlineMs),
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** A new password of the broker's own account, and a port for it. */
async function newAdmin(): Promise<AccountSettings> {
  return { internalPort: await freePort(), username: 'broker', password: randomBytes(32).toString('base64url') };
}

function adminOf({ internalPort, username, password }: AccountSettings): BrokerAdmin {
  return { servers: `127.0.0.1:${internalPort}`, mechanism: 'PLAIN', username, password };
}

/** Makes a file reachable from the data folder, instead of another of an earlier start. */
async function linkFile(dataDir: string, name: string, file: string | undefined): Promise<void> {
  const link = join(dataDir, name);
  await rm(link, { force: true });
  if (file !== undefined) await symlink(resolve(file), link);
}

function logFile(dataDir: string): string {
  return join(dataDir, 'kafka.log');
}

/** Writes a file that only this user may read. A file of an older version may be open to others. */
async function writePrivately(file: string, text: string): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
}

async function stopChild(child: ChildProcess, exited: Promise<string>, deadlineMs: number): Promise<void> {
  child.kill(brokerStopSignal);
  const kill = setTimeout(() => child.stdin?.end(), deadlineMs);
  await exited;
  clearTimeout(kill);
}

/**
 * Waits until the broker listens.
 * @throws PlatformError `BROKER_START_FAILED` with the last lines of the broker's log.
 */
async function answering(port: number, exited: Promise<string>, dataDir: string): Promise<void> {
  let ended: string | undefined;
  void exited.then((how) => {
    ended = how;
  });
  const deadline = Date.now() + startDeadlineMs;
  while (!(await listens(port))) {
    if (ended === undefined && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    const log = await readFile(logFile(dataDir), 'utf8').catch(() => '');
    const how = ended === undefined ? `did not listen within ${startDeadlineMs / 1_000} s` : `ended (${ended})`;
    const lines = lastLines(log, 8);
    const isSilent = lines.length === 0;
    throw new PlatformError('BROKER_START_FAILED', {
      details: {
        reason: `the broker ${how}${isSilent ? ', and wrote no log' : '; the end of its log:'}`,
        ...(isSilent ? {} : { lines }),
      },
    });
  }
}

/** A stranger's server on the port would pass for the broker. */
async function assertNobodyListens(port: number): Promise<void> {
  if (!(await listens(port))) return;
  const reason = `another program listens on port ${port} of 127.0.0.1; stop it, or choose another port`;
  throw new PlatformError('BROKER_START_FAILED', { details: { reason, port } });
}

async function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (isListening: boolean) => {
      socket.destroy();
      resolve(isListening);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
