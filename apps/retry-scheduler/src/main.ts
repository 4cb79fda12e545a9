import 'reflect-metadata';
import { physicalTopic } from '#contracts';
import { openKafka, SendoffStrategy } from '#kafka';
import { Cancellations, runService } from '#platform';
import { RetrySchedulerConfig } from './retry-scheduler.config.ts';
import { RetrySchedulerModule } from './retry-scheduler.module.ts';

await runService({
  name: 'retry-scheduler',
  config: RetrySchedulerConfig,
  async compose({ config, clock, metrics, logger, fatal }) {
    const prefix = config.topicPrefix;
    const gateway = await openKafka({ ...config, name: 'retry-scheduler', logger, metrics, fatal });
    const cancellations = new Cancellations();
    const follower = gateway.follower({ topic: physicalTopic(prefix, 'cancellations'), from: 'earliest' });
    await follower.start((record) => cancellations.add(record));
    const near = physicalTopic(prefix, 'delays.near');
    const strategy = new SendoffStrategy({
      gateway,
      prefix,
      groupId: `${prefix}retry-scheduler`,
      drainMs: 0,
      consumer: {
        partitionBytesMax: (topic) => (topic === near ? config.nearBytesMax : config.dwellBytesMax),
        partitionRecordsMax: (topic) => (topic === near ? config.nearRecordsMax : config.dwellRecordsMax),
      },
    });
    return {
      module: RetrySchedulerModule.register({ gateway, clock, metrics, cancellations, topicPrefix: prefix }),
      transports: [strategy],
      checks: { kafka: () => gateway.isConnected() },
      async close() {
        await follower.close();
        await gateway.close();
      },
    };
  },
});
