import type { FastifyInstance } from 'fastify';
import type { KafkaGateway } from '#kafka';
import { SendoffStrategy } from '#kafka';
import type { ObjectStore } from '#objects';
import { type Composition, openSealer, type ServiceBase } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import { Acceptor } from './invocations/acceptor.ts';
import { agenciesOf } from './policies/agencies-file.ts';
import { documentRoutes, serveDocument } from './document/api-document.ts';
import { TokenAuthenticator } from './access/authenticator.ts';
import { boundBodies } from './http/body-allowance.ts';
import { Canceller } from './invocations/canceller.ts';
import { CodeSweep } from './functions/code/code-sweep.ts';
import type { FunctionCalls } from './invocations/function-calls.ts';
import { FunctionNames } from './names/function-names.ts';
import { ExpressRate } from './invocations/express-rate.ts';
import { httpOptions, prepareServer } from './http/http-server.ts';
import { prepareHttp } from './access/door.ts';
import { IdempotencyKeys } from './invocations/idempotency-keys.ts';
import type { IngressConfig } from './ingress.config.ts';
import {
  countArrivals,
  countDropped,
  countForgottenKeys,
  countTurnedAway,
  gaugeBodies,
  gaugeSyncCalls,
  IngressModule,
} from './ingress.module.ts';
import { addInvocationRoute, invocationRoutes } from './invocations/invocation-route.ts';
import { KeyRing } from './access/key-ring.ts';
import { allowLargeBodies } from './http/large-bodies.ts';
import { probeRoutes } from './document/probes.operations.ts';
import { SignatureAuthenticator } from './access/signature-authenticator.ts';
import { boundSlowBodies } from './http/slow-bodies.ts';
import type { StatusRecords } from './records/status-records.ts';
import { addSyncRoute, syncRoutes } from './invocations/sync-route.ts';
import { linkRoutes } from './topics/subscription-links.controller.ts';
import { TopicMessages } from './topics/topic-messages.ts';

/** Paths that anyone may request: probes and metrics, the document of the API, and the links that subscribers get. */
const openRoutes: ReadonlySet<string | undefined> = new Set([
  ...probeRoutes.map(({ path }) => path),
  ...documentRoutes,
  ...linkRoutes,
]);

/** Composes the ingress over a gateway; its registry is read to the end when this resolves. */
export async function composeIngress(
  { config, clock, logger, metrics, isDraining }: ServiceBase<IngressConfig>,
  gateway: KafkaGateway,
  records: StatusRecords,
  codeStore: ObjectStore,
  calls: FunctionCalls,
): Promise<Composition> {
  const { topicPrefix: prefix, region, projectId: project, webhookNetworks } = config;
  const sealer = await openSealer(config);
  const registry = new Registry({ gateway, prefix, warn: (message, details) => logger.warn(details, message) });
  await registry.start();
  const writer = new RegistryWriter({ registry, publisher: gateway.publisher, prefix });
  const agencies = config.agenciesFile === undefined ? [] : await agenciesOf(config.agenciesFile, project);
  await writer.mutate((known) => ({ changes: agencies.filter(({ name }) => known.agency(project, name) === undefined) }));
  const rate = new ExpressRate(config.expressRatePerSecond);
  const observer = countArrivals(metrics);
  const keys = new IdempotencyKeys({
    gateway,
    clock,
    topicPrefix: prefix,
    keysMax: config.idempotencyKeysMax,
    patienceMs: config.acceptTimeoutMs,
    forgot: countForgottenKeys(metrics),
  });
  await keys.start();
  const { publisher } = gateway;
  const acceptor = new Acceptor({ registry, publisher, clock, rate, keys, observer, region, topicPrefix: prefix });
  const sweep = new CodeSweep({ store: codeStore, registry, clock, logger });
  sweep.start();
  const canceller = new Canceller({ records, publisher, clock, topicPrefix: prefix });
  const { accessKey, secretKey, confirmedBy, functionsMax, publicUrl } = config;
  const first = accessKey === undefined || secretKey === undefined ? undefined : { accessKey, secretKey, project };
  const keyRing = new KeyRing({ registry, sealer, logger, first });
  const authenticators = [new TokenAuthenticator(config.token, project), new SignatureAuthenticator(keyRing, clock)];
  const options = {
    region,
    project,
    firstAccessKey: accessKey,
    topicPrefix: prefix,
    functionsMax,
    publicUrl,
    webhookNetworks,
    confirmedBy,
  };
  const messages = new TopicMessages(publisher, clock, prefix);
  const names = new FunctionNames(registry, region);
  const syncOptions = { callsMax: config.syncCallsMax, waitMs: config.syncWaitMs };
  return {
    module: IngressModule.register({
      registry,
      writer,
      names,
      acceptor,
      canceller,
      records,
      messages,
      codeStore,
      sealer,
      options,
      logger,
    }),
    transports: [new SendoffStrategy({ gateway, prefix, groupId: `${prefix}ingress`, drainMs: config.drainMs })],
    checks: { kafka: () => gateway.isConnected() },
    hasOwnBodyParser: true,
    http: httpOptions(config),
    async configureHttp(app) {
      const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
      prepareServer(fastify.server, config.connectionsMax, countDropped(metrics));
      boundSlowBodies(fastify, clock, config.requestTimeoutMs);
      prepareHttp(fastify, { authenticators, openRoutes, region, isDraining, turnedAway: countTurnedAway(metrics) });
      gaugeBodies(metrics, boundBodies(fastify, config.bodyBytesMax));
      allowLargeBodies(fastify);
      await addInvocationRoute(fastify, acceptor, clock, logger);
      gaugeSyncCalls(metrics, await addSyncRoute(fastify, { names, calls, clock, logger, options: syncOptions }));
      await serveDocument(app, [...invocationRoutes, ...syncRoutes, ...probeRoutes]);
    },
    async close() {
      sweep.close();
      await Promise.all([keys.close(), registry.close()]);
      await gateway.close();
    },
  };
}
