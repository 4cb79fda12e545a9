import 'reflect-metadata';
import { gatheringPace, kafkaChecks, openKafka } from '#kafka';
import { SendoffStrategy } from '#kafka/strategy';
import { openSubscriptionSealer, openVerifier, TargetStates } from '#platform';
import { runService } from '#platform/service';
import { Registry } from '#registry';
import { NotifierConfig } from './notifier.config.ts';
import { NotifierModule, openDestinations, openTargetWatch } from './notifier.module.ts';
import { partitionLimitsOf } from './partition-room.ts';

/**
 * Tries that are prepared in one turn of the event loop: about 2 ms of work. Answers of targets are
 * read between two turns. Without this bound 3,000 records of a fetch took a second in one turn, in
 * which no more than 32 tries of a target ended.
 */
const recordsPerTurn = 32;

await runService({
  name: 'notifier',
  config: NotifierConfig,
  async compose({ config, clock, random, metrics, logger, tracing, fatal }) {
    const sealer = await openSubscriptionSealer(config);
    const gateway = await openKafka({ ...config, name: 'notifier', logger, metrics, fatal, clock, publishPace: gatheringPace });
    const verifier = await openVerifier(config);
    const registry = new Registry({ gateway, verifier, warn: (message, details) => logger.warn(details, message), metrics });
    await registry.start();
    const targetStates = new TargetStates();
    const targetsFollower = gateway.follower({ topic: gateway.topics.name('targets'), from: 'earliest' });
    await targetsFollower.start((record) => targetStates.add(record));
    const base = { config, gateway, registry, sealer, clock, random, logger, metrics, tracing, targetStates };
    const watch = openTargetWatch(base);
    const parts = { ...base, watch };
    const destinations = openDestinations(parts);
    const limits = partitionLimitsOf(config.partitions);
    const strategy = new SendoffStrategy({
      gateway,
      clock,
      groupId: gateway.topics.groupOf('notifier'),
      drainMs: config.drainMs,
      consumer: {
        // A partition waits for the tries that run, and leaves those that wait for their target.
        handOverMs: config.drainMs,
        leavesWaiting: true,
        partitionRecordsMax: limits.recordsMax,
        partitionBytesMax: limits.bytesMax,
        // Settlements that no target is to be told are no hurry.
        fetchBytesMin: 262_144,
        fetchWaitMs: 50,
        fetchBytesMax: 1_048_576,
        recordsPerTurn,
      },
    });
    return {
      module: NotifierModule.register(parts, destinations.byType, () => strategy.readAtOnce()),
      transports: [strategy],
      checks: kafkaChecks(gateway),
      async close() {
        destinations.close();
        await watch.close();
        await Promise.all([targetsFollower.close(), registry.close()]);
        await gateway.close();
      },
    };
  },
});
