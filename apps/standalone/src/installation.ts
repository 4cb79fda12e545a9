/**
 * A whole installation on this machine: broker, then services, then the door.
 *
 * 1. The ingress starts last and is told first to stop, so that nothing is accepted that nobody will run. It lets synchronous calls end, for
 *    which it needs the executor: the others are told when it has ended, or a moment later, and then all of them drain at once.
 * 2. The broker stops last, after every service has written what it had.
 * 3. Every port but the API's is free choice of the machine and stays the same through restarts.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningBroker, startBroker } from '#broker';
import { PlatformError } from '#contracts';
import { type Clock, lockFolder } from '#platform';
import { type Credentials, keepCredentials, type KeptCredentials } from './credentials.ts';
import type { StandaloneConfig } from './standalone.config.ts';
import { type Announce, SupervisedService } from './supervised-service.ts';

const workers = ['status-logger', 'executor', 'retry-scheduler', 'notifier'] as const;

/** Longest drain of one service; the orchestrator's grace is 30 s. */
const stopMs = 14_000;
/** Longest time the ingress drains alone. */
const headStartMs = 2_000;

/** What `running.json` in the data folder says, for tools on the same machine. Mode 600, for it holds the token. */
export interface RunningInstallation {
  readonly url: string;
  readonly kafkaBrokers: readonly string[];
  readonly region: string;
  readonly projectId: string;
  readonly token: string;
}

/** A started installation. */
export interface Installation {
  readonly url: string;
  readonly credentialsFile: string;
  readonly hasNewCredentials: boolean;
  /** Drains and stops all of it. */
  stop(): Promise<void>;
  /** Ends all of it at once. */
  kill(): void;
}

function mainOf(app: string): string {
  return fileURLToPath(new URL(`../../${app}/src/main.js`, import.meta.url));
}

function environmentOf(
  config: StandaloneConfig,
  dataDir: string,
  brokers: string,
  credentials: Credentials,
): Record<string, string | undefined> {
  return {
    ...process.env,
    KAFKA_BROKERS: brokers,
    SENDOFF_DATA_DIR: dataDir,
    SENDOFF_HOST: '127.0.0.1',
    SENDOFF_PROJECT_ID: credentials.projectId,
    SENDOFF_ACCESS_KEY: credentials.accessKey,
    SENDOFF_SECRET_KEY: credentials.secretKey,
    SENDOFF_TOKEN: credentials.token,
    SENDOFF_INTERNAL_TOKEN: credentials.internalToken,
    SENDOFF_PLATFORM_KEY: config.platformKeyFile === undefined ? credentials.platformKey : undefined,
    SENDOFF_PORT: String(config.port),
  };
}

/** The broker that was given, or one that is started here and started again on its port when it dies. */
async function bringBroker(
  config: StandaloneConfig,
  dataDir: string,
  announce: Announce,
): Promise<{ servers: string; stop: () => Promise<void> }> {
  if (config.kafkaBrokers !== undefined) return { servers: config.kafkaBrokers.join(','), stop: async () => undefined };
  const options = { dataDir: join(dataDir, 'kafka'), flushEachRecord: config.isFlushedEachBatch };
  let isStopping = false;
  let broker: RunningBroker = await startBroker(options);
  const port = Number(broker.bootstrapServers.split(':').at(-1));
  const watch = async (): Promise<void> => {
    await broker.exited;
    if (isStopping) return;
    announce('the broker ended, starting it again');
    broker = await startBroker({ ...options, port });
    announce('the broker is back');
    void watch();
  };
  void watch().catch((error: unknown) => {
    announce(`the broker cannot be started again: ${String(error)}`);
    process.kill(process.pid, 'SIGTERM');
  });
  return {
    servers: broker.bootstrapServers,
    async stop() {
      isStopping = true;
      await broker.stop();
    },
  };
}

/** What is kept in the data folder of the credentials the configuration gives, and those that were made. */
async function credentialsOf(config: StandaloneConfig, dataDir: string): Promise<KeptCredentials> {
  const { projectId, accessKey, secretKey, token, internalToken, platformKey } = config;
  const given = Object.entries({ projectId, accessKey, secretKey, token, internalToken, platformKey });
  return keepCredentials(dataDir, Object.fromEntries(given.filter(([, value]) => value !== undefined)));
}

/**
 * Starts the workers. Where an environment does not fit one of them, every service looks at it, so that all faults are told together.
 * @returns `<NAME>_URL` for each.
 */
async function startWorkers(services: readonly SupervisedService[], ingress: SupervisedService): Promise<Record<string, string>> {
  const started = await Promise.allSettled(
    services.map(async (service) => [addressName(service.name), await service.start()] as const),
  );
  const failed = started.find((one) => one.status === 'rejected');
  if (failed === undefined) return Object.fromEntries(started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  if (failed.reason instanceof PlatformError && failed.reason.code === 'CONFIG_INVALID') await ingress.checkConfig();
  throw failed.reason;
}

function addressName(service: string): string {
  return `${service.toUpperCase().replaceAll('-', '_')}_URL`;
}

/**
 * Starts everything; what was started is ended again when a part of it fails.
 * @throws PlatformError `CONFIG_INVALID`, `BROKER_MISSING`, `BROKER_START_FAILED`, `DATA_DIR_LOCKED`, `SERVICE_START_FAILED`.
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
  const { credentials, file, isNew } = await credentialsOf(config, dataDir);
  const broker = await bringBroker(config, dataDir, announce);
  const env = environmentOf(config, dataDir, broker.servers, credentials);
  const supervised = (name: string, more: Readonly<Record<string, string>> = {}, port = 0) =>
    new SupervisedService({ name, modulePath: mainOf(name), env: { ...env, ...more }, port }, clock, announce);
  const services = workers.map((name) => supervised(name));
  const nowhere = Object.fromEntries(workers.map((name) => [addressName(name), 'http://127.0.0.1:1']));
  let ingress = supervised('ingress', nowhere);
  const kill = () => {
    for (const service of [ingress, ...services]) service.kill();
  };
  const runningFile = join(dataDir, 'running.json');
  const stop = async () => {
    await rm(runningFile, { force: true });
    const ingressEnd = ingress.stop(stopMs);
    await Promise.race([ingressEnd, new Promise<void>((resolve) => clock.setTimer(headStartMs, resolve))]);
    await Promise.all([ingressEnd, ...services.map(async (service) => service.stop(stopMs))]);
    await broker.stop();
    unlock();
  };
  try {
    const addresses = await startWorkers(services, ingress);
    ingress = supervised('ingress', { ...addresses, SENDOFF_HOST: config.host }, config.port);
    const url = await ingress.start();
    const { projectId, token } = credentials;
    const running: RunningInstallation = {
      url,
      kafkaBrokers: broker.servers.split(','),
      region: config.region,
      projectId,
      token,
    };
    await writeFile(runningFile, JSON.stringify(running), { mode: 0o600 });
    return { url, credentialsFile: file, hasNewCredentials: isNew, stop, kill };
  } catch (error) {
    kill();
    await broker.stop();
    throw error;
  }
}
