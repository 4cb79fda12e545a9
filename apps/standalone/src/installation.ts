/**
 * Starts and stops a whole installation on this machine: the broker, then the workers, then the
 * ingress.
 *
 * 1. The ingress starts last and stops first, so that it accepts no invocation that no executor
 *   will run. While it drains, synchronous
 *    calls still need the executor: the workers start to drain when the ingress has ended, at the
 * latest after 2 s.
 * 2. The status-logger stops after the other workers, so that it can tell the ledger of all that
 *   they did.
 * 3. The broker stops last, after every service has published its last records.
 * 4. Only the port of the API is configured. The system chooses the other ports, which stay the
 *   same when a service restarts.
 */
import { rm } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlatformError, type Service, Topics } from '#contracts';
import { type Clock, lockFolder, writeWholeFile } from '#platform';
import { type Credentials, storeCredentials, type StoredCredentials } from './credentials.ts';
import { lackOfSpace } from './free-space.ts';
import { lastLedger } from './last-ledger.ts';
import { type ClientAccount, connectBrokers } from './own-broker.ts';
import { type Announce, tryToStart, withLack } from './restart-policy.ts';
import { StartHealth } from './start-health.ts';
import { environmentFor } from './service-environment.ts';
import { internalTokensOf, keysOf } from './service-keys.ts';
import type { StandaloneConfig } from './standalone.config.ts';
import { SupervisedService } from './supervised-service.ts';

/** The workers besides the status-logger. */
const otherWorkers = ['executor', 'retry-scheduler', 'notifier'] as const;

/**
 * On a machine whose cores are all busy, the door goes first: callers wait for its answers. Then
 * come the broker and the executor, and last the services that report on what happened.
 */
const niceness: Partial<Record<Service, number>> = { executor: 3, 'status-logger': 7, notifier: 7 };

/** Longest drain of one service. An orchestrator kills the installation after 30 s. */
const stopMs = 14_000;
/** Longest time the ingress drains before the workers start to drain too. */
const ingressDrainFirstMs = 2_000;
/** Longest wait for the ledger. */
const lastLedgerMs = 2_000;
/** Longest drain of the status-logger, which has written almost everything by then. */
const statusLoggerStopMs = 8_000;

/**
 * The content of `running.json` in the data folder, for tools on the same machine. The file has
 * mode 600 because it holds the token and the password of a Kafka account.
 */
export interface RunningInstallation {
  readonly url: string;
  readonly kafkaBrokers: readonly string[];
  /** The Kafka account of programs that are not services, if Sendoff started the broker. */
  readonly kafkaAccount?: ClientAccount;
  /** The topic through which Kafka producers invoke functions. */
  readonly intakeTopic: string;
  readonly region: string;
  readonly projectId: string;
  readonly token: string;
}

/** A running installation. */
export interface Installation {
  readonly url: string;
  readonly credentialsFile: string;
  readonly hasNewCredentials: boolean;
  /** Drains and stops all services, then the broker. */
  stop(): Promise<void>;
  /** Kills all services at once. */
  kill(): void;
}

/** The file of a service that the build has joined from its modules. */
function mainOf(service: string): string {
  return fileURLToPath(new URL(`../../../joined/apps/${service}/src/main.js`, import.meta.url));
}

/**
 * Adds loopback to the networks of http functions if only this machine reaches the API. Its users
 * then are on this machine too, and run their endpoints beside Sendoff.
 */
function functionNetworksOf({ host, functionNetworks }: StandaloneConfig): readonly string[] {
  const isLoopback = host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
  return isLoopback ? [...functionNetworks, '127.0.0.0/8', '::1'] : functionNetworks;
}

/** All variables but keys and Kafka accounts, of which each service gets its own. */
function environmentOf(config: StandaloneConfig, dataDir: string, credentials: Credentials): Record<string, string | undefined> {
  return {
    ...process.env,
    SENDOFF_DATA_DIR: dataDir,
    SENDOFF_HOST: '127.0.0.1',
    SENDOFF_PROJECT_ID: credentials.projectId,
    SENDOFF_ACCESS_KEY: credentials.accessKey,
    SENDOFF_SECRET_KEY: credentials.secretKey,
    SENDOFF_TOKEN: credentials.token,
    SENDOFF_PORT: String(config.port),
    FUNCTION_NETWORKS_ALLOWED: functionNetworksOf(config).join(','),
  };
}

/** The credentials of the configuration, completed by the stored ones. */
async function credentialsOf(config: StandaloneConfig, dataDir: string): Promise<StoredCredentials> {
  const { projectId, accessKey, secretKey, token, platformKey } = config;
  const given = Object.entries({ projectId, accessKey, secretKey, token, platformKey });
  return storeCredentials(dataDir, Object.fromEntries(given.filter(([, value]) => value !== undefined)));
}

/**
 * Starts the workers. If the environment of one of them is not valid, the others and the ingress
 * check theirs too, so that one start reports all faults.
 * @returns the address of each worker by its name.
 */
async function startWorkers(
  services: readonly SupervisedService[],
  ingress: SupervisedService,
): Promise<ReadonlyMap<string, string>> {
  try {
    // One that waits for the brokers does not keep the others from failing.
    return new Map(await Promise.all(services.map(async (service) => [service.name, await service.start()] as const)));
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'CONFIG_INVALID')
      await Promise.all([...services, ingress].map(async (service) => service.reportConfigFaults()));
    throw error;
  }
}

/**
 * Starts an installation. If a part of it fails to start, the parts that run are stopped again.
 * @throws PlatformError `CONFIG_INVALID`, `BROKER_MISSING`, `BROKER_START_FAILED`,
 *   `DATA_DIR_LOCKED`, `SERVICE_START_FAILED`.
 */
export async function startInstallation(config: StandaloneConfig, clock: Clock, announce: Announce): Promise<Installation> {
  const dataDir = resolve(config.dataDir);
  const unlock = await lockFolder(dataDir);
  try {
    return await startLocked(config, dataDir, unlock, clock, announce);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function startLocked(
  config: StandaloneConfig,
  dataDir: string,
  unlock: () => void,
  clock: Clock,
  announce: Announce,
): Promise<Installation> {
  const health = new StartHealth(config);
  const waits = (reason: string) => void health.tell(reason);
  const serviceWaits = (reason: string) => void lackOfSpace(dataDir).then(async (lack) => health.tell(withLack(reason, lack)));
  const context = { clock, announce, lacks: async () => lackOfSpace(dataDir), waits };
  const runningFile = join(dataDir, 'running.json');
  // An installation that was killed left it.
  await rm(runningFile, { force: true });
  const { credentials, file, isNew } = await tryToStart(async () => credentialsOf(config, dataDir), context);
  const brokers = await connectBrokers(config, dataDir, context);
  const env = environmentOf(config, dataDir, credentials);
  const keys = await keysOf(config, credentials);
  const tokens = await internalTokensOf(config, credentials, clock);
  const environmentFrom = (name: Service, more: Readonly<Record<string, string>>) =>
    environmentFor(name, { ...env, ...keys[name], ...brokers.environmentOf(name), ...more });
  const supervised = (name: Service, more: Readonly<Record<string, string>> = {}, port = 0) =>
    new SupervisedService(
      { name, modulePath: mainOf(name), env: environmentFrom(name, more), port, niceness: niceness[name] ?? 0 },
      clock,
      announce,
      serviceWaits,
    );
  const statusLogger = supervised('status-logger');
  const others = otherWorkers.map((name) => supervised(name));
  const services = [statusLogger, ...others];
  let statusLoggerUrl = '';
  const recordsAt = (url: string) => ({ STATUS_LOGGER_URL: url });
  let ingress = supervised('ingress', recordsAt('http://127.0.0.1:1'));
  const kill = () => {
    for (const service of [ingress, ...services]) service.kill();
  };
  // Without their broker, services that run already would drain until their limit of time, in the
  // way of the next start.
  process.once('exit', kill);
  const stop = async () => {
    for (const service of [ingress, ...services]) service.hold();
    await rm(runningFile, { force: true });
    const ingressEnd = ingress.stop(stopMs);
    await Promise.race([ingressEnd, new Promise<void>((resolve) => clock.setTimer(ingressDrainFirstMs, resolve))]);
    await Promise.all([ingressEnd, ...others.map(async (service) => service.stop(stopMs))]);
    announce(await lastLedger({ url: statusLoggerUrl, tokens, timeoutMs: lastLedgerMs }));
    await statusLogger.stop(statusLoggerStopMs);
    await brokers.stop();
    unlock();
  };
  try {
    // Workers that start on unsigned documents would settle their invocations as failed.
    if (!credentials.isRegistrySigned) {
      announce('signing the documents of an earlier version');
      await ingress.run('sign-registry');
      await storeCredentials(dataDir, { ...credentials, isRegistrySigned: true });
    }
    const addresses = await startWorkers(services, ingress);
    // The ingress finds executors by itself.
    statusLoggerUrl = addresses.get(statusLogger.name) ?? '';
    ingress = supervised('ingress', { ...recordsAt(statusLoggerUrl), SENDOFF_HOST: config.host }, config.port);
    await health.close();
    const url = await ingress.start();
    const { projectId, token } = credentials;
    const running: RunningInstallation = {
      url,
      kafkaBrokers: brokers.servers,
      ...(brokers.outside === undefined ? {} : { kafkaAccount: brokers.outside }),
      intakeTopic: new Topics(config.topicPrefix).name('intake'),
      region: config.region,
      projectId,
      token,
    };
    // The installation serves its callers without the file too.
    await writeWholeFile(runningFile, JSON.stringify(running), { mode: 0o600 }).catch((error: Error) =>
      announce(`running.json cannot be written, so npm run demo and tools do not find this installation: ${error.message}`),
    );
    return { url, credentialsFile: file, hasNewCredentials: isNew, stop, kill };
  } catch (error) {
    kill();
    await health.close();
    await brokers.stop();
    throw error;
  } finally {
    process.off('exit', kill);
  }
}
