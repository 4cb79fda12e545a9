/**
 * Makes the OpenAPI document of the API without a broker: the compiled ingress starts over the
 * in-memory broker, answers one request and ends. Needs `dist`.
 */
import 'reflect-metadata';
import { MemoryKafka } from '#kafka/memory';
import { topicSpecs } from '#kafka';
import { fastifyOf, loadConfig, openInstallationKeys, systemClock } from '#platform';
import { buildService } from '#platform/service';
import pino from 'pino';
import { Registry as Metrics } from 'prom-client';

const dist = new URL('../../../dist/apps/ingress/src/', import.meta.url);
const { composeIngress } = await import(new URL('ingress.js', dist));
const { IngressConfig } = await import(new URL('ingress.config.js', dist));

/** Settings without which the ingress does not start. The document does not depend on them. */
const settings = {
  SENDOFF_PROJECT_ID: 'p1',
  SENDOFF_TOKEN: 'a-token',
  SENDOFF_PLATFORM_KEY: 'a-platform-key-of-32-characters-at-least',
  STATUS_LOGGER_URL: 'http://127.0.0.1:1',
};

/** Stands in for services that no request for the document reaches. */
const unused = new Proxy({}, { get: (_target, name) => (name === 'then' ? undefined : () => undefined) });

/** Returns the document as text. */
export async function apiDocument() {
  const gateway = new MemoryKafka();
  await gateway.admin.ensureTopics(topicSpecs(gateway.topics, 1));
  const config = loadConfig(IngressConfig, settings);
  const base = {
    config,
    clock: { ...systemClock, onRefusal: () => undefined },
    metrics: new Metrics(),
    logger: pino({ level: 'silent' }),
    random: () => 0,
    isDraining: () => false,
    fatal: () => undefined,
  };
  const adapters = { gateway, records: unused, codeStore: unused, calls: unused, logs: unused, walls: unused };
  const composition = await composeIngress(base, adapters, await openInstallationKeys(config));
  const app = await buildService(base, composition);
  try {
    return (await fastifyOf(app).inject('/openapi.json')).body;
  } finally {
    await app.close();
    await composition.close();
  }
}
