/**
 * The life of every service: read the config, create the log, start the HTTP server and the
 * transports. Then work until a signal asks to stop, drain, and exit 0.
 *
 * 1. The service reads the environment here and nowhere else, into its config.
 * 2. `/readyz` answers 503 until the transports run, and again after the first signal.
 * 3. A second signal ends the process at once. A closed IPC channel to the parent process counts as
 *   a signal. With the argument `supervised`, a service only reports a first signal to its parent
 *   process. At a shutdown the system sends SIGTERM to all processes. The parent process knows the
 *   order in which they stop, and its message drains the service.
 * 4. A signal during the start ends the process at once: it has accepted nothing yet, and the
 *   brokers may never come back.
 * 5. A service reports an error it cannot work without through `fatal`: logged once, then exit 1,
 *   so that the supervisor restarts it.
 * 6. An invalid environment or an unsuitable topic ends the process with 78, and brokers that
 *   refuse it with 77. The supervisor does not repeat such a start. Something that is missing
 *   outside ends it with 75, and the supervisor repeats the start without end.
 *   With the argument `check-config` a
 *    service checks its environment and exits.
 * 7. Draining lets the records and HTTP requests in progress finish, for at most DRAIN_TIMEOUT_MS;
 *   then they are cut off. Each service
 *    decides which new requests it refuses meanwhile.
 */
import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { collectDefaultMetrics, Registry as Metrics } from 'prom-client';
import { PlatformError } from '#contracts';
import { answerExpectations, bareHttpOptions, secureAnswers } from '../answer-headers.ts';
import { type Clock, type Random, systemRandom, thisMachine } from '../basics/clock.ts';
import { ClockReports } from '../clock-reports.ts';
import { exitCodeOfError } from '../exit-codes.ts';
import { fastifyOf } from '../fastify-of.ts';
import { HealthController, type ReadinessChecks, type ReadinessFacts } from './health.controller.ts';
import { IdleMemory, thisProcessMemory } from '../idle-memory.ts';
import { loadConfig } from '../load-config.ts';
import { createLogger, type Logger, NestLog } from '../logger.ts';
import { openTracing } from '../open-tracing.ts';
import { type ComparedClock, PlatformClock } from '../platform-clock.ts';
import { exitCodeOf, type SignalReport, stopSignals, supervisedArgument, surviveClosedOutput } from '../basics/process-ends.ts';
import { RequestsInProgress } from '../requests-in-progress.ts';
import type { ServiceConfig } from '../service.config.ts';
import { CLOCK, FACTS, LOGGER, METRICS, READINESS, TRACING } from '../tokens.ts';
import type { Tracing } from '../tracing.ts';

/** The parts that every service is composed from. */
export interface ServiceBase<C extends ServiceConfig> {
  readonly config: Readonly<C>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: ComparedClock;
  readonly random: Random;
  readonly tracing: Tracing;
  /** True from the first signal on. */
  readonly isDraining: () => boolean;
  /** Logs the error and ends the process with a non-zero code. */
  readonly fatal: (error: unknown) => void;
}

/** A transport that hands records to the controllers of an application. */
export interface RecordTransport extends CustomTransportStrategy {
  /** Takes the controllers, before it listens. */
  use(app: INestApplicationContext): void;
}

/** A composed service: its module, and how it starts and stops. */
export interface Composition {
  readonly module: Type | DynamicModule;
  /** Transports that hand Kafka records to the controllers. */
  readonly transports?: readonly RecordTransport[];
  readonly checks?: ReadinessChecks;
  /** Shown by `/readyz`. */
  readonly facts?: ReadinessFacts;
  /** How long no work is due, in milliseconds. The process may stand still meanwhile. */
  readonly freeForMs?: () => number;
  /** Options of the Fastify server, e.g. body limits. */
  readonly http?: ConstructorParameters<typeof FastifyAdapter>[0];
  /** True if the service parses request bodies itself. */
  readonly hasOwnBodyParser?: boolean;
  /** Adds Fastify routes and hooks before Nest adds its own. */
  readonly configureHttp?: (app: NestFastifyApplication) => Promise<void> | void;
  /** Runs after the transports have drained. */
  readonly close?: () => Promise<void>;
}

/** A service that {@link runService} can run. */
export interface ServiceDefinition<C extends ServiceConfig> {
  readonly name: string;
  readonly config: new () => C;
  readonly compose: (base: ServiceBase<C>) => Promise<Composition>;
  /** Run instead of the service if the first argument of the command line names one. */
  readonly commands?: Readonly<Record<string, (base: ServiceBase<C>) => Promise<void>>>;
}

/** Milliseconds between two samples of the delay of the event loop. Each wakes the process. */
const loopDelayEveryMs = 100;

/** The module that every service has. Its providers are visible in all modules. */
function serviceModule<C extends ServiceConfig>(
  base: ServiceBase<C>,
  composition: Composition,
  checks: ReadinessChecks,
): DynamicModule {
  const provided = [
    { provide: CLOCK, useValue: base.clock },
    { provide: LOGGER, useValue: base.logger },
    { provide: METRICS, useValue: base.metrics },
    { provide: TRACING, useValue: base.tracing },
    { provide: READINESS, useValue: checks },
    { provide: FACTS, useValue: () => ({ ...clockFacts(base.clock), ...composition.facts?.() }) },
  ];
  class ServiceModule {}
  Module({})(ServiceModule);
  return {
    module: ServiceModule,
    global: true,
    imports: [composition.module],
    controllers: [HealthController],
    providers: provided,
    exports: provided.map(({ provide }) => provide),
  };
}

/** The skew of the clock, once it is known. */
function clockFacts({ skewMs }: ComparedClock): Readonly<Record<string, string>> {
  return skewMs === undefined ? {} : { clockSkewMs: String(Math.round(skewMs)) };
}

type SkewSettings = Pick<ServiceConfig, 'clockSkewWarnMs' | 'clockSkewMaxMs'>;

/** The clock of the process. It looks after itself until the process ends. */
function startClock(config: SkewSettings, logger: Logger, metrics: Metrics): ComparedClock {
  const bounds = { warnMs: config.clockSkewWarnMs, refuseMs: config.clockSkewMaxMs };
  const observer = new ClockReports(logger, metrics, bounds, { elapsedMs: thisMachine.steadyMs });
  const clock = new PlatformClock({ machine: thisMachine, refuseMs: bounds.refuseMs, observer });
  clock.watch();
  return clock;
}

/** Gives memory back at idle times, until the process ends. */
function giveMemoryBack(clock: Clock, { freeForMs }: Composition): void {
  const memory = thisProcessMemory();
  if (memory !== undefined) new IdleMemory(memory, clock, freeForMs).start();
}

/** Sends a message to the parent process, if one is connected. */
function sendToParent(message: { readonly ready: string } | SignalReport): void {
  process.send?.(message);
}

/**
 * Builds the application.
 * @param listen makes it listen, before the transports start: they may tell others the address.
 *   Default: the caller makes it listen, so that tests can choose the port.
 */
export async function buildService<C extends ServiceConfig>(
  base: ServiceBase<C>,
  composition: Composition,
  requests = new RequestsInProgress(),
  listen: (app: NestFastifyApplication) => Promise<unknown> = async () => undefined,
): Promise<NestFastifyApplication> {
  let hasStarted = false;
  const checks: ReadinessChecks = {
    started: () => hasStarted,
    serving: () => !base.isDraining(),
    clock: () => !base.clock.isRefused,
    ...composition.checks,
  };
  const adapter = new FastifyAdapter(composition.http ?? bareHttpOptions);
  const app = await NestFactory.create<NestFastifyApplication>(serviceModule(base, composition, checks), adapter, {
    logger: new NestLog(base.logger),
    abortOnError: false,
    bodyParser: composition.hasOwnBodyParser !== true,
    forceCloseConnections: true,
  });
  secureAnswers(fastifyOf(app));
  requests.watch(fastifyOf(app), base.isDraining);
  await composition.configureHttp?.(app);
  answerExpectations(fastifyOf(app).server);
  for (const strategy of composition.transports ?? []) {
    strategy.use(app);
    app.connectMicroservice({ strategy });
  }
  await app.init();
  await listen(app);
  await app.startAllMicroservices();
  hasStarted = true;
  return app;
}

/** A service whose HTTP server listens. */
interface StartedService {
  readonly app: NestFastifyApplication;
  readonly composition: Composition;
  readonly requests: RequestsInProgress;
}

/** Composes and builds the service, then listens. */
async function startService<C extends ServiceConfig>(
  definition: ServiceDefinition<C>,
  base: ServiceBase<C>,
): Promise<StartedService> {
  const composition = await definition.compose(base);
  const requests = new RequestsInProgress();
  const { port, host } = base.config;
  const app = await buildService(base, composition, requests, async (built) => built.listen(port, host));
  return { app, composition, requests };
}

/**
 * Waits for records and requests in progress, for at most DRAIN_TIMEOUT_MS, and closes everything.
 */
async function stopService({ config, clock, tracing }: ServiceBase<ServiceConfig>, service: StartedService): Promise<void> {
  const { app, composition, requests } = service;
  const drained = (composition.transports ?? []).map(async (transport) => transport.close());
  await Promise.all([requests.ended(clock, config.drainMs), ...drained]);
  await app.close();
  await composition.close?.();
  await tracing.close();
}

/**
 * Runs a service until a signal stops it. Never rejects: a failed start is logged and ends the
 * process with 1, 75, 77 or 78.
 */
export async function runService<C extends ServiceConfig>(definition: ServiceDefinition<C>): Promise<void> {
  let logger = createLogger({ service: definition.name, level: 'warn' });
  const fatal = (error: unknown) => {
    if (error instanceof PlatformError) logger.fatal({ code: error.code, err: error.cause }, error.message);
    else logger.fatal({ err: error }, 'stopped by an unexpected error');
    process.exit(exitCodeOfError(error));
  };
  surviveClosedOutput();
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  try {
    const config = loadConfig(definition.config);
    if (process.argv[2] === 'check-config') process.exit(0);
    logger = createLogger({ service: definition.name, level: config.logLevel, isPretty: config.isLogPretty });
    const metrics = new Metrics();
    metrics.setDefaultLabels({ service: definition.name });
    collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: loopDelayEveryMs });
    const stop = stopOnSignal(logger);
    const { isRequested: isDraining } = stop;
    const clock = startClock(config, logger, metrics);
    const tracing = await openTracing(config, { service: definition.name, logger, metrics });
    const base: ServiceBase<C> = { config, logger, metrics, clock, random: systemRandom, tracing, isDraining, fatal };
    const command = definition.commands?.[process.argv[2] ?? ''];
    if (command !== undefined) {
      await command(base);
      process.exit(0);
    }
    const started = await Promise.race([startService(definition, base), stop.requested]);
    if (started === undefined) process.exit(0);
    const url = await started.app.getUrl();
    sendToParent({ ready: url });
    logger.info({ url }, 'ready');
    giveMemoryBack(clock, started.composition);
    await stop.requested;
    await stopService(base, started);
    process.exit(0);
  } catch (error) {
    fatal(error);
  }
}

/** 3. Resolves when the service has to drain. */
function stopOnSignal(logger: Logger): { readonly requested: Promise<undefined>; readonly isRequested: () => boolean } {
  const isSupervised = process.argv[2] === supervisedArgument;
  let isRequested = false;
  let hasSignal = false;
  const requested = new Promise<undefined>((resolve) => {
    const drain = (signal: string) => {
      if (isRequested) return;
      isRequested = true;
      logger.info({ signal }, 'draining');
      resolve(undefined);
    };
    const onSignal = (signal: NodeJS.Signals) => {
      if (hasSignal) process.exit(exitCodeOf(signal));
      hasSignal = true;
      if (isSupervised && process.connected) sendToParent({ signal });
      else drain(signal);
    };
    for (const signal of stopSignals) process.on(signal, () => onSignal(signal));
    if (isSupervised) {
      process.on('message', (message: { readonly stop?: boolean }) => {
        if (message.stop === true) drain('stopped by the parent process');
      });
    }
    process.on('disconnect', () => {
      if (isRequested) process.exit(1);
      hasSignal = true;
      drain('parent process ended');
    });
  });
  return { requested, isRequested: () => isRequested };
}
