import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { kafkaChecks, openKafka } from '#kafka';
import { SendoffStrategy } from '#kafka/strategy';
import { fastifyOf, InternalTokenCheck, openVerifier, ownUrl } from '#platform';
import { runService } from '#platform/service';
import { openStatusStore } from './adapters/open-status-store.ts';
import { LedgerCheck } from './ledger-check.ts';
import { ledgerMetrics } from './ledger-metrics.ts';
import { LostNotices } from './lost-notices.ts';
import { LostRecords } from './lost-records.ts';
import { PairedRecords } from './paired-records.ts';
import { ProgressToStore } from './progress-to-store.ts';
import { whileStoring } from './records.controller.ts';
import { RecentTransitions } from './recent-transitions.ts';
import { Recorder } from './recorder.ts';
import { Retention } from './retention.ts';
import { StatusLoggerConfig } from './status-logger.config.ts';
import { lostInvocations, recorderMetrics, StatusLoggerModule, statusLogOf } from './status-logger.module.ts';
import { VanishedRecords } from './vanished-records.ts';

const hourMs = 3_600_000;

await runService({
  name: 'status-logger',
  config: StatusLoggerConfig,
  async compose({ config, clock, random, metrics, logger, isDraining, fatal }) {
    const tokens = new InternalTokenCheck('status-logger', await openVerifier(config), clock);
    const retentionMs = config.retentionHours * hourMs;
    const store = await openStatusStore({ ...config, retentionMs }, clock, { random, logger, fatal });
    const gateway = await openKafka({ ...config, name: 'status-logger', logger, metrics, fatal, clock });
    const recent = new RecentTransitions(randomUUID());
    const lost = new LostRecords(store, gateway, lostInvocations(metrics), recent);
    const retention = new Retention(store, clock, logger, retentionMs, lost);
    await retention.start();
    const groupId = gateway.topics.groupOf('status-logger');
    if (await store.isNew()) {
      await gateway.admin.forgetGroup(groupId);
      await store.markBuilt();
    }
    let server: Server | undefined;
    const strategy = new SendoffStrategy({
      gateway,
      clock,
      groupId,
      drainMs: config.drainMs,
      // Under load a few full fetches cost the broker far less than many small ones. A question for
      // records then waits for the fetch that is on its way.
      // Ingresses follow each status-logger at the address that it tells its group.
      consumer: {
        fetchBytesMin: 262_144,
        fetchBytesMax: 1_048_576,
        partitionRecordsMax: 500,
        url: () => (server === undefined ? undefined : ownUrl(server)),
        // A store that was restored from a backup lacks what the group has committed since.
        storedTo: async () => store.progress(),
      },
      // Other processes share the store, each with partitions of its own.
      progressElsewhere: async () => store.progress(),
      onReadAtOnce: () => paired.readAtOnce(),
    });
    const progress = new ProgressToStore(() => strategy.progress());
    const recorder = new Recorder(store, statusLogOf(config, clock), clock, recorderMetrics(metrics, logger), progress, recent);
    recorder.start();
    const paired = new PairedRecords(recorder, clock, isDraining);
    paired.start();
    const catchUp = whileStoring(recorder, async (timeoutMs) => strategy.caughtUp(timeoutMs));
    const ledger = new LedgerCheck(store, gateway, catchUp, clock, logger, config.ledgerCheckIntervalMs);
    ledger.start();
    const vanished = new VanishedRecords(store, gateway, catchUp, clock, logger, lost);
    vanished.start();
    const lostNotices = new LostNotices(store, gateway, catchUp, clock, logger, lost);
    lostNotices.start();
    ledgerMetrics(metrics, store, ledger, clock);
    return {
      module: StatusLoggerModule.register({ gateway, store, tokens, catchUp, recorder, paired, recent, ledger, clock }),
      transports: [strategy],
      checks: { ...kafkaChecks(gateway), store: () => recorder.isStoring },
      configureHttp(app) {
        ({ server } = fastifyOf(app));
      },
      async close() {
        ledger.close();
        vanished.close();
        lostNotices.close();
        retention.close();
        paired.close();
        recorder.close();
        await gateway.close();
        await store.close();
      },
    };
  },
});
