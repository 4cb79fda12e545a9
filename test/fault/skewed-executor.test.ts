/**
 * A wrong time of day in the executor. An invocation leads to a bounded number of records: nothing
 * is put back and released again without end.
 */
import { Kafka, logLevel } from 'kafkajs';
import { expect } from 'vitest';
import { type FaultContext, scenariosOn } from './scenario.ts';

const scenario = scenariosOn({ brokers: 1, skewedService: 'executor' });

/** Topics through which an attempt that is put back passes. */
const passed = ['invocations', 'invocations.bulk', 'delays.near', 'delays.30s', 'delays.32m'] as const;

/** Records in these topics since the installation began. */
async function recordsPassed({ world }: FaultContext): Promise<number> {
  const admin = new Kafka({ ...world.kafkaOptions, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const ends = await Promise.all(passed.map(async (name) => admin.fetchTopicOffsets(world.topicPrefix + name)));
    return ends.flat().reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}

/** Counted before the scenario, because the scenarios share their topics. */
let before = 0;

const skews = [
  ['5 s behind', -5, 20_000],
  ['5 s ahead', 5, 20_000],
  ['an hour behind', -3_600, { short: 20_000, long: 70_000 }],
  ['an hour ahead', 3_600, { short: 20_000, long: 70_000 }],
] as const;

for (const [how, seconds, recoveryMs] of skews)
  scenario(`clock of the executor ${how}`, {
    fault: async (context) => {
      before = await recordsPassed(context);
      await context.world.clock.skew(seconds);
      await context.lasts({ short: 3_000, long: 30_000 });
      await context.world.clock.skew(0);
    },
    bounds: { repeats: 0, recoveryMs, refusedForMs: 0 },
    after: async (context, { acceptedBy }) => {
      const perInvocation = ((await recordsPassed(context)) - before) / (acceptedBy.http + acceptedBy.kafka);
      console.log(`records for each invocation: ${perInvocation.toFixed(2)}`);
      expect.soft(perInvocation, 'records for each invocation').toBeLessThan(2);
    },
  });

scenario('executor started an hour ahead', {
  fault: async ({ world, lasts }) => {
    await world.clock.skew(3_600);
    await world.kill('executor');
    await lasts({ short: 4_000, long: 30_000 });
    await world.clock.skew(0);
  },
  // At most what ran when the executor ended.
  bounds: { repeats: 60, recoveryMs: { short: 30_000, long: 70_000 }, refusedForMs: 0 },
});
