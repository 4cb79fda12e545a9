/**
 * A whole installation on this machine: broker, then services, then the door.
 *
 * 1. The ingress starts last and stops first: nothing is accepted that nobody will run.
 * 2. The broker stops last, after every service has written what it had.
 * 3. Every port but the API's is free choice of the machine and stays the same through restarts.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningBroker, startBroker } from '#broker';
import type { Clock } from '#platform';
import { type Credentials, keepCredentials } from './credentials.ts';
import type { StandaloneConfig } from './standalone.config.ts';
import { type Announce, SupervisedService } from './supervised-service.ts';

const workers = ['status-logger', 'executor', 'retry-scheduler', 'notifier'] as const;

/** Longest drain of one service, and of the whole; the orchestrator's grace is 30 s. */
const stopMs = { ingress: 5_000, workers: 14_000 } as const;

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

/**
 * Starts everything; what was started is ended again when a part of it fails.
 * @throws PlatformError `BROKER_MISSING`, `BROKER_START_FAILED`, `DATA_DIR_LOCKED`, `SERVICE_START_FAILED`.
 */
export async function startInstallation(config: StandaloneConfig, clock: Clock, announce: Announce): Promise<Installation> {
  const dataDir = resolve(config.dataDir);
  const { credentials, file, isNew } = await keepCredentials(dataDir, {
    ...(config.projectId === undefined ? {} : { projectId: config.projectId }),
    ...(config.accessKey === undefined ? {} : { accessKey: config.accessKey }),
    ...(config.secretKey === undefined ? {} : { secretKey: config.secretKey }),
    ...(config.token === undefined ? {} : { token: config.token }),
    ...(config.internalToken === undefined ? {} : { internalToken: config.internalToken }),
    ...(config.platformKey === undefined ? {} : { platformKey: config.platformKey }),
  });
  const broker = await bringBroker(config, dataDir, announce);
  const env = environmentOf(config, dataDir, broker.servers, credentials);
  const services = new Map(
    workers.map((name) => [name, new SupervisedService({ name, modulePath: mainOf(name), env, port: 0 }, clock, announce)]),
  );
  let ingress: SupervisedService | undefined;
  const kill = () => {
    ingress?.kill();
    for (const service of services.values()) service.kill();
  };
  const runningFile = join(dataDir, 'running.json');
  const stop = async () => {
    await rm(runningFile, { force: true });
    await ingress?.stop(stopMs.ingress);
    await Promise.all([...services.values()].map(async (service) => service.stop(stopMs.workers)));
    await broker.stop();
  };
  try {
    const urls = await Promise.all([...services].map(async ([name, service]) => [name, await service.start()] as const));
    const addresses = Object.fromEntries(urls.map(([name, url]) => [`${name.toUpperCase().replaceAll('-', '_')}_URL`, url]));
    ingress = new SupervisedService(
      {
        name: 'ingress',
        modulePath: mainOf('ingress'),
        env: { ...env, ...addresses, SENDOFF_HOST: config.host },
        port: config.port,
      },
      clock,
      announce,
    );
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
