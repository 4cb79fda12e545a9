import { fileURLToPath } from 'node:url';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { kafkaChecks } from '#kafka';
import { SendoffStrategy } from '#kafka/strategy';
import { ArchiveReader } from '#objects';
import { ExpressRate, fastifyOf, type InstallationKeys } from '#platform';
import type { Composition, ServiceBase } from '#platform/service';
import { Registry, RegistryKeeper, RegistryWriter } from '#registry';
import { countTurnedAway } from './access/access-metrics.ts';
import { AUTHENTICATORS } from './access/authenticator.ts';
import { addDoor } from './access/door.ts';
import type { FunctionWalls } from './access/function-walls.ts';
import { addConsole } from './console/console-routes.ts';
import { ApiDocument, documentRoutes } from './document/api-document.ts';
import { probeRoutes } from './document/probes.operations.ts';
import { timeRequests } from './document/request-times.ts';
import { requireSpecs } from './document/route-spec.ts';
import { boundBodies } from './http/body-allowance.ts';
import { takeFilesOut } from './http/file-bodies.ts';
import { countDropped, gaugeBodies } from './http/http-metrics.ts';
import { httpOptions, prepareServer } from './http/http-server.ts';
import { boundLargeBodies } from './http/large-bodies.ts';
import { boundSlowBodies } from './http/slow-bodies.ts';
import type { IngressConfig } from './ingress.config.ts';
import { IngressModule } from './ingress.module.ts';
import type { IngressAdapters } from './installation.module.ts';
import { invocationRoutes } from './invocations/invocation-route.ts';
import { InvocationRoutes } from './invocations/invocation-routes.ts';
import { KeptTargets } from './records/kept-targets.ts';
import { payloadRoutes } from './invocations/payload-routes.ts';
import { syncRoutes } from './invocations/sync-route.ts';
import { TestsUnderWay } from './records/target-tests.ts';

/** The folder of the built console, seen from the compiled ingress. */
const consoleFolder = fileURLToPath(new URL('../../console/site', import.meta.url));

/** Adds hooks and raw routes, in the order in which a request meets them. */
async function addHttpLayers(app: NestFastifyApplication, base: ServiceBase<IngressConfig>, walls: FunctionWalls): Promise<void> {
  const { config, clock, metrics, isDraining } = base;
  const fastify = fastifyOf(app);
  prepareServer(fastify.server, config.connectionsMax, countDropped(metrics));
  requireSpecs(fastify, [...probeRoutes, ...documentRoutes]);
  timeRequests(fastify, metrics, clock);
  boundSlowBodies(fastify, clock, config.requestTimeoutMs);
  const authenticators = app.get(AUTHENTICATORS);
  const turnedAway = countTurnedAway(metrics);
  const isCodeTrusted = config.isolation === 'none';
  addDoor(fastify, { authenticators, region: config.region, walls, isCodeTrusted, isDraining, turnedAway });
  const bodyLimits = { bytesMax: config.bodyBytesMax, unprovedMax: Math.ceil(config.connectionsMax / 2) };
  gaugeBodies(metrics, boundBodies(fastify, clock, bodyLimits));
  boundLargeBodies(fastify, clock);
  takeFilesOut(fastify, app.get(ArchiveReader));
  await app.get(InvocationRoutes).addTo(fastify);
  await addConsole(fastify, consoleFolder);
  await app.get(ApiDocument).addTo(app, [...invocationRoutes, ...syncRoutes, ...payloadRoutes, ...probeRoutes]);
}

/** Composes the ingress over its adapters. The registry is read to the end when this resolves. */
export async function composeIngress(
  base: ServiceBase<IngressConfig>,
  adapters: IngressAdapters,
  keys: InstallationKeys,
): Promise<Composition> {
  const { config, logger, metrics, clock } = base;
  const { gateway, walls } = adapters;
  const { signer, verifier } = keys;
  const warn = (message: string, details: object) => logger.warn(details, message);
  const registry = new Registry({ gateway, verifier, warn, metrics });
  await registry.start();
  const writer = new RegistryWriter({ registry, gateway, signer });
  await writer.markSigned();
  const keeper = new RegistryKeeper({ registry, writer, clock, warn, metrics });
  keeper.start();
  const testsUnderWay = new TestsUnderWay();
  const keptTargets = new KeptTargets({ gateway, clock, logger, onChange: (change) => testsUnderWay.apply(change) });
  await keptTargets.start();
  const targetStates = keptTargets.states;
  const rate = new ExpressRate(config.expressRatePerSecond);
  const { isDraining } = base;
  const installation = { ...adapters, config, registry, writer, targetStates, testsUnderWay, rate, isDraining };
  return {
    module: IngressModule.register(config, installation, keys),
    transports: [
      new SendoffStrategy({
        gateway,
        clock,
        groupId: gateway.topics.groupOf('ingress'),
        drainMs: config.drainMs,
        // HTTP callers wait while a fetch is read, so fetches are small.
        consumer: {
          fetchBytesMax: 262_144,
          partitionRecordsMax: 1_000,
          onHeld: async (_held, { members }) => rate.shareAmong(members),
        },
      }),
    ],
    checks: kafkaChecks(gateway),
    facts: () => ({ isolation: walls.level() ?? 'unknown' }),
    hasOwnBodyParser: true,
    http: httpOptions(config),
    configureHttp: (app) => addHttpLayers(app, base, walls),
    async close() {
      keeper.close();
      await Promise.all([keptTargets.close(), registry.close()]);
      await gateway.close();
    },
  };
}
