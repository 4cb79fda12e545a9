import 'reflect-metadata';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { gatheringPace, kafkaChecks, openKafka } from '#kafka';
import { SendoffStrategy } from '#kafka/strategy';
import { openCodeStore, openPayloadStore } from '#objects';
import {
  AllowedNetworks,
  Cancellations,
  DayFiles,
  fastifyOf,
  InternalTokenCheck,
  openFunctionsSealer,
  openVerifier,
  ownUrl,
  Places,
} from '#platform';
import { runService } from '#platform/service';
import { Registry } from '#registry';
import { AttemptQueue } from './attempt-queue.ts';
import { FunctionShares } from './function-shares.ts';
import { FunctionNetwork } from './adapters/egress/function-network.ts';
import { FolderFunctionLog } from './adapters/folder-function-log.ts';
import { HttpRuntime } from './adapters/http-runtime.ts';
import { launchers } from './adapters/launchers.ts';
import { CodeFolders } from './adapters/process-runtime/code-folders.ts';
import { ProcessRuntime } from './adapters/process-runtime/process-runtime.ts';
import { openFunctionsDir } from './adapters/walls/functions-dir.ts';
import { InstanceCgroups } from './adapters/walls/instance-cgroups.ts';
import { openWalls } from './adapters/walls/open-walls.ts';
import { openWorkFolder } from './adapters/work-folder.ts';
import { addCallRoute } from './call-route.ts';
import { addLogRoute } from './log-route.ts';
import { addQueuePlaceRoute } from './queue-place-route.ts';
import { ExecutorConfig } from './executor.config.ts';
import { Chances } from './chances.ts';
import { countCalls, ExecutorModule, gaugeCalls } from './executor.module.ts';
import { KnownFunctions } from './known-functions.ts';

import { RunnableFunctions } from './runnable-functions.ts';
import { RunningAttempts } from './running-attempts.ts';
import { StoredPayloads } from './stored-payloads.ts';
import { SyncCalls } from './sync-calls.ts';

/** A quarter of what one partition of the express lane may hold in memory. */
const expressBytesMax = 2 * 1024 * 1024;

await runService({
  name: 'executor',
  config: ExecutorConfig,
  async compose({ config, clock, random, metrics, logger, tracing, isDraining, fatal }) {
    const { attemptsMax, expressQueueMax, instancesMax, instanceIdleMs: idleMs } = config;
    const gateway = await openKafka({ ...config, name: 'executor', logger, metrics, fatal, clock, publishPace: gatheringPace });
    const verifier = await openVerifier(config);
    const warn = (message: string, details: Readonly<Record<string, unknown>>) => logger.warn(details, message);
    const registry = new Registry({ gateway, verifier, warn, metrics });
    await registry.start();
    const cancellations = new Cancellations();
    const cancellationsFollower = gateway.follower({ topic: gateway.topics.name('cancellations'), from: 'earliest' });
    await cancellationsFollower.start((record) => cancellations.add(record));
    const running = new RunningAttempts(cancellations);
    const logLimits = {
      fileBytesMax: config.functionLogFileBytesMax,
      filesMax: config.functionLogFilesMax,
      daysMax: config.functionLogDaysMax,
    };
    const log = new FolderFunctionLog(new DayFiles(join(config.dataDir, 'function-log'), clock, logLimits), clock, logger);
    const functionsDir = await openFunctionsDir(config);
    const workFolder = await openWorkFolder(functionsDir);
    const programFiles = Object.values(launchers).flatMap((launcher) => launcher.programFiles);
    const brokerHosts = async () => gateway.admin.hosts();
    const network = await FunctionNetwork.open({ settings: config, brokerHosts, clock, logger, fatal });
    const { egress } = network;
    const { functionCgroup } = config;
    const cgroups =
      functionCgroup === undefined
        ? undefined
        : await InstanceCgroups.open({ folder: functionCgroup, owner: workFolder.name, ended: workFolder.ended });
    const { walls: plainWalls, missing } = await openWalls({ ...config, folder: workFolder.path, programFiles, random, egress });
    const walls = cgroups?.around(plainWalls) ?? plainWalls;
    if (missing !== undefined)
      logger.warn(`functions run at level ${walls.level}, without walls of the kernel: ${missing}; see docs/isolation.md`);
    network.settle(walls.level);
    const folders = new CodeFolders(
      workFolder.path,
      openCodeStore(config, clock),
      config.codeFoldersMax,
      walls,
      config.codeFolderBytesMax,
    );
    const sealer = await openFunctionsSealer(config);
    const processRuntime = new ProcessRuntime({ launchers, folders, sealer, instancesMax, idleMs, warn }, clock, log);
    const networks = new AllowedNetworks(config.functionNetworks, config.functionNetworksDenied);
    const runtimes = { files: processRuntime, url: new HttpRuntime(clock, sealer, networks, attemptsMax) };
    const bulk = gateway.topics.name('invocations.bulk');
    const shares = new FunctionShares(gateway.topics.name('invocations'));
    const queue = new AttemptQueue(attemptsMax, clock);
    let server: Server | undefined;
    const strategy = new SendoffStrategy({
      gateway,
      clock,
      groupId: gateway.topics.groupOf('executor'),
      drainMs: config.drainMs,
      // Express partitions read on while functions run; bulk ones wait for them.
      // Interrupted attempts are written down before they run again.
      // Attempts wait while a fetch is read, so fetches are small.
      consumer: {
        fetchBytesMax: 262_144,
        tellsInterruptions: true,
        // A partition waits for the attempts that run, and leaves those that wait for their turn.
        handOverMs: config.drainMs,
        leavesWaiting: true,
        // Ingresses find this executor by what it tells its group.
        url: () => config.advertisedUrl ?? (server === undefined ? undefined : ownUrl(server)),
        async onHeld(held, { counts }) {
          shares.change(held, counts);
          await queue.withinBounds();
        },
        partitionRecordsMax: (topic) => (topic === bulk ? config.bulkRecordsMax : 20_000),
      },
    });
    const catchUp = async () => registry.caughtUp();
    const shareOf = (urn: string, instancesMax: number) => shares.of(urn, instancesMax);
    const known = new KnownFunctions(registry, config.region);
    const functions = new RunnableFunctions({
      runtimes,
      functionOf: (urn) => known.documentOf(urn),
      pausedSince: (urn) => known.pausedSince(urn),
      catchUp,
      attemptsMax,
      shareOf,
    });
    const { deathsMax } = config;
    const chances = new Chances({ runningMaxOf: (urn) => functions.capacityOf(urn), deathsMax, clock });
    registry.onChange(({ after }) => {
      queue.boundsChanged();
      if (after?.kind === 'steering' && after.execution !== undefined) queue.beginAll(after.functionUrn);
    });
    const calls = new SyncCalls({ functions, queue, clock, observer: countCalls(metrics), tracing });
    const limits = { expressQueueMax, expressBytesMax };
    const stored = new StoredPayloads({
      store: openPayloadStore(config, clock),
      places: new Places(config.storedPayloadsMax),
      bytesMax: config.storedPayloadBytesMax,
      logger,
    });
    const parts = {
      publisher: gateway.publisher,
      topics: gateway.topics,
      functions,
      queue,
      running,
      chances,
      clock,
      random,
      tracing,
      limits,
      stored,
      metrics,
    };
    return {
      module: ExecutorModule.register({
        ...parts,
        instances: () => processRuntime.instances,
        waitingForProcesses: () => processRuntime.waitingSince,
        unread: async (topic) => gateway.unread(topic),
        egress: network.policyInForce,
        isolation: walls.level,
      }),
      transports: [strategy],
      checks: kafkaChecks(gateway),
      facts: () => ({ isolation: walls.level }),
      async configureHttp(app) {
        const fastify = fastifyOf(app);
        ({ server } = fastify);
        const tokens = new InternalTokenCheck('executor', verifier, clock);
        const { syncCallsMax: callsMax } = config;
        await addLogRoute(fastify, tokens, async (query) => log.read(query));
        await addQueuePlaceRoute(fastify, tokens, { queue, running, functions });
        const takesNoCalls = () => isDraining() || clock.isRefused || gateway.isOutdated;
        gaugeCalls(metrics, await addCallRoute(fastify, { calls, tokens, callsMax, takesNoCalls, logger }));
      },
      async close() {
        await Promise.all(Object.values(runtimes).map(async (runtime) => runtime.close()));
        await cgroups?.close();
        network.close();
        await workFolder.remove();
        await log.close();
        await Promise.all([cancellationsFollower.close(), registry.close()]);
        await gateway.close();
      },
    };
  },
});
