/**
 * How every service lives: config, log, HTTP server, transports, then work until SIGTERM or SIGINT; drain, exit 0.
 *
 * 1. Nothing is read from the environment but the config, and only here.
 * 2. `/readyz` says 503 until the transports run, and from the first signal on.
 * 3. A second signal ends the process at once. A parent that is gone (closed IPC channel) counts as a signal.
 * 4. A signal while it starts ends it at once: nothing was promised yet, and the brokers it waits for may be gone for good.
 * 5. What a service cannot go on without is reported through `fatal`: logged once, then exit 1, so that whoever started it starts it again.
 * 6. An environment that does not fit ends it with 78, so that nobody starts it again in vain. With the argument `check-config` a service
 *    looks at its environment and does nothing else.
 * 7. To drain is to let what is under way end, records and HTTP requests alike, for as long as the config says; then it is cut off. Which
 *    new requests are refused meanwhile is the service's own business.
 */
import type { DynamicModule, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { collectDefaultMetrics, Registry as Metrics } from 'prom-client';
import { PlatformError } from '#contracts';
import { type Clock, type Random, systemClock, systemRandom } from './clock.ts';
import { fastifyOf } from './fastify-of.ts';
import { HealthController, type ReadinessChecks } from './health.controller.ts';
import { loadConfig } from './load-config.ts';
import { createLogger, type Logger, NestLog } from './logger.ts';
import { RequestsUnderWay } from './requests-under-way.ts';
import type { ServiceConfig } from './service.config.ts';
import { CLOCK, LOGGER, METRICS, READINESS } from './tokens.ts';

/** How a service ends whose environment does not fit. @see sysexits.h, EX_CONFIG */
export const configInvalidExitCode = 78;

/** What a service is composed from. */
export interface ServiceBase<C extends ServiceConfig> {
  readonly config: Readonly<C>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  /** Was it told to stop? */
  readonly isDraining: () => boolean;
  /** Ends the process non-zero after logging why. */
  readonly fatal: (error: unknown) => void;
}

/** A service, composed. */
export interface Composition {
  readonly module: Type | DynamicModule;
  /** Transports that bring records to the controllers. */
  readonly transports?: readonly CustomTransportStrategy[];
  readonly checks?: ReadinessChecks;
  /** Settings of Fastify itself, e.g. body limits. */
  readonly http?: ConstructorParameters<typeof FastifyAdapter>[0];
  /** The service brings its own parser of request bodies. */
  readonly hasOwnBodyParser?: boolean;
  /** Raw routes and hooks, before Nest adds its own. */
  readonly configureHttp?: (app: NestFastifyApplication) => Promise<void> | void;
  /** Runs after the transports are drained. */
  readonly close?: () => Promise<void>;
}

/** A service to be run. */
export interface ServiceDefinition<C extends ServiceConfig> {
  readonly name: string;
  readonly config: new () => C;
  readonly compose: (base: ServiceBase<C>) => Promise<Composition>;
}

/** The module of what every service has; its providers are visible everywhere. */
function serviceModule<C extends ServiceConfig>(
  base: ServiceBase<C>,
  composition: Composition,
  checks: ReadinessChecks,
): DynamicModule {
  const provided = [
    { provide: CLOCK, useValue: base.clock },
    { provide: LOGGER, useValue: base.logger },
    { provide: METRICS, useValue: base.metrics },
    { provide: READINESS, useValue: checks },
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

/** Tells a parent process the address, once; without a parent it does nothing. */
function tellParent(message: { readonly ready: string }): void {
  process.send?.(message);
}

/** Builds the application; listening is left to the caller, so that tests may do it on any port. */
export async function buildService<C extends ServiceConfig>(
  base: ServiceBase<C>,
  composition: Composition,
  requests = new RequestsUnderWay(),
): Promise<NestFastifyApplication> {
  let hasStarted = false;
  const checks: ReadinessChecks = { started: () => hasStarted, serving: () => !base.isDraining(), ...composition.checks };
  const adapter = new FastifyAdapter(composition.http ?? {});
  const app = await NestFactory.create<NestFastifyApplication>(serviceModule(base, composition, checks), adapter, {
    logger: new NestLog(base.logger),
    abortOnError: false,
    bodyParser: composition.hasOwnBodyParser !== true,
    forceCloseConnections: true,
  });
  requests.watch(fastifyOf(app), base.isDraining);
  await composition.configureHttp?.(app);
  for (const strategy of composition.transports ?? []) app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  await app.init();
  await app.startAllMicroservices();
  hasStarted = true;
  return app;
}

/** A service that listens. */
interface StartedService {
  readonly app: NestFastifyApplication;
  readonly composition: Composition;
  readonly requests: RequestsUnderWay;
}

/** From nothing to listening. */
async function startService<C extends ServiceConfig>(
  definition: ServiceDefinition<C>,
  base: ServiceBase<C>,
): Promise<StartedService> {
  const composition = await definition.compose(base);
  const requests = new RequestsUnderWay();
  const app = await buildService(base, composition, requests);
  await app.listen(base.config.port, base.config.host);
  return { app, composition, requests };
}

/** Lets what is under way end, within the time of the config, and closes everything. */
async function stopService({ config, clock }: ServiceBase<ServiceConfig>, service: StartedService): Promise<void> {
  const { app, composition, requests } = service;
  const drained = (composition.transports ?? []).map(async (transport) => transport.close());
  await Promise.all([requests.ended(clock, config.drainMs), ...drained]);
  await app.close();
  await composition.close?.();
}

/** Runs a service until it is told to stop. Never rejects: a failed start is logged and ends the process with 1. */
export async function runService<C extends ServiceConfig>(definition: ServiceDefinition<C>): Promise<void> {
  let logger = createLogger({ service: definition.name, level: 'warn' });
  const fatal = (error: unknown) => {
    if (error instanceof PlatformError) logger.fatal({ code: error.code, err: error.cause }, error.message);
    else logger.fatal({ err: error }, 'stopped by a fault');
    process.exit(error instanceof PlatformError && error.code === 'CONFIG_INVALID' ? configInvalidExitCode : 1);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  try {
    const config = loadConfig(definition.config);
    if (process.argv[2] === 'check-config') process.exit(0);
    logger = createLogger({ service: definition.name, level: config.logLevel, isPretty: config.isLogPretty });
    const metrics = new Metrics();
    metrics.setDefaultLabels({ service: definition.name });
    collectDefaultMetrics({ register: metrics });
    const stop = stopOnSignal(logger);
    const { isAsked: isDraining } = stop;
    const base: ServiceBase<C> = { config, logger, metrics, clock: systemClock, random: systemRandom, isDraining, fatal };
    const started = await Promise.race([startService(definition, base), stop.asked]);
    if (started === undefined) process.exit(0);
    const url = await started.app.getUrl();
    tellParent({ ready: url });
    logger.info({ url }, 'ready');
    await stop.asked;
    await stopService(base, started);
    process.exit(0);
  } catch (error) {
    fatal(error);
  }
}

/** The first signal asks, the second ends the process. */
function stopOnSignal(logger: Logger): { readonly asked: Promise<undefined>; readonly isAsked: () => boolean } {
  let isAsked = false;
  const asked = new Promise<undefined>((resolve) => {
    const ask = (signal: string) => {
      if (isAsked) process.exit(130);
      isAsked = true;
      logger.info({ signal }, 'draining');
      resolve(undefined);
    };
    process.on('SIGTERM', () => ask('SIGTERM'));
    process.on('SIGINT', () => ask('SIGINT'));
    process.on('disconnect', () => ask('parent gone'));
  });
  return { asked, isAsked: () => isAsked };
}
