/**
 * Waits until the brokers take a service: they answer, its account may log in, has its rights, and
 * its topics are there. Takes the environment of the service, and its name as the argument.
 *
 * A cluster starts everything at once. A service that is refused ends, and its pod then waits
 * longer after each try. This program runs before the service and tries every 2 s. It logs each new
 * reason, and waits without end: the pod shows that it waits.
 */
import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { Registry as Metrics } from 'prom-client';
import { PlatformError, type Service, services } from '#contracts';
import { connectService } from '#kafka';
import { configInvalidExitCode, createLogger, loadConfig, ServiceConfig } from '#platform';

const againMs = 2_000;

const logger = createLogger({ service: 'await-brokers', level: 'info' });

/** Faults that an administrator may mend while the program waits. */
function maySettle(error: unknown): error is PlatformError {
  return error instanceof PlatformError && /^(BROKER|TOPIC)_/.test(error.code);
}

async function awaitBrokers(name: Service): Promise<void> {
  const config = loadConfig(ServiceConfig);
  const quiet = createLogger({ service: 'await-brokers', level: 'silent' });
  let reason = '';
  for (;;) {
    try {
      const gateway = await connectService({ ...config, name, logger: quiet, metrics: new Metrics(), fatal: () => undefined });
      await gateway.close();
      return;
    } catch (error) {
      if (!maySettle(error)) throw error;
      if (error.message !== reason) logger.warn({ code: error.code }, error.message);
      reason = error.message;
    }
    await delay(againMs);
  }
}

const name = services.find((service) => service === process.argv[2]);
try {
  if (name === undefined) throw new Error(`the argument must be one of ${services.join(', ')}`);
  await awaitBrokers(name);
  process.exit(0);
} catch (error) {
  const isConfig = error instanceof PlatformError && error.code === 'CONFIG_INVALID';
  logger.fatal({ err: isConfig ? undefined : error }, isConfig ? error.message : 'stopped by an unexpected error');
  process.exit(isConfig ? configInvalidExitCode : 1);
}
