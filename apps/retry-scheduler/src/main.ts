import 'reflect-metadata';
import { kafkaChecks, openKafka } from '#kafka';
import { SendoffStrategy } from '#kafka/strategy';
import { Cancellations, ExpressRate } from '#platform';
import { runService } from '#platform/service';
import { RetrySchedulerConfig } from './retry-scheduler.config.ts';
import { observeReleases, RetrySchedulerModule } from './retry-scheduler.module.ts';
import { WaitingRoom } from './waiting-room.ts';

await runService({
  name: 'retry-scheduler',
  config: RetrySchedulerConfig,
  async compose({ config, clock, metrics, logger, tracing, fatal }) {
    const gateway = await openKafka({ ...config, name: 'retry-scheduler', logger, metrics, fatal, clock });
    const cancellations = new Cancellations();
    const follower = gateway.follower({ topic: gateway.topics.name('cancellations'), from: 'earliest' });
    await follower.start((record) => cancellations.add(record));
    const near = gateway.topics.name('delays.near');
    const rate = new ExpressRate(config.expressRatePerSecond);
    const strategy = new SendoffStrategy({
      gateway,
      clock,
      groupId: gateway.topics.groupOf('retry-scheduler'),
      drainMs: 0,
      consumer: {
        onHeld: async (_held, { members }) => rate.shareAmong(members),
        partitionBytesMax: (topic) => (topic === near ? config.nearBytesMax : config.dwellBytesMax),
        partitionRecordsMax: (topic) => (topic === near ? config.nearRecordsMax : config.dwellRecordsMax),
      },
    });
    const { publisher, topics } = gateway;
    const observer = observeReleases(metrics);
    const room = new WaitingRoom({ publisher, topics, clock, cancellations, observer, rate, tracing });
    return {
      module: RetrySchedulerModule.register({ gateway, metrics, room }),
      transports: [strategy],
      checks: kafkaChecks(gateway),
      freeForMs: () => room.nextDueInMs,
      async close() {
        await follower.close();
        await gateway.close();
      },
    };
  },
});
