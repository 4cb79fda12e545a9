/** Faults of one of three brokers: each record is on three of them, and two must have it. */
import { expect } from 'vitest';
import { isLongForm, scenariosOn } from './scenario.ts';

const scenario = scenariosOn({ brokers: 3 });

/** Time from the fault until the other brokers go on without the frozen one, in milliseconds. */
let failoverMs: number;
/**
 * Longest recovery after that, in milliseconds. The short form also runs on machines that are busy
 * with other tests, where everything takes longer.
 */
const afterFailoverMs = isLongForm ? 5_000 : 15_000;

// A frozen broker is dropped from the cluster after 9 s, and after 4 s more if it was the
// controller. Nothing that needs all replicas can be written until then.
scenario('leader frozen', {
  fault: async ({ world: { cluster, topicPrefix }, lasts }) => {
    const topics = ['intake', 'invocations', 'settlements', 'notifications'].map((name) => topicPrefix + name);
    const id = await cluster.leaderOf(`${topicPrefix}invocations`);
    const thaw = cluster.freeze(id);
    const frozenAt = performance.now();
    const failover = cluster.goesOnWithout(id, [...topics, '__consumer_offsets']).then(() => {
      failoverMs = Math.round(performance.now() - frozenAt);
    });
    await lasts({ short: 20_000, long: 60_000 });
    thaw();
    await failover;
  },
  bounds: { repeats: 100, recoveryMs: { short: 45_000, long: 90_000 }, refusedForMs: 15_000 },
  after: async (_context, { recoveryMs }) => {
    console.log(`fault: the other brokers went on after ${failoverMs} ms`);
    expect.soft(recoveryMs, 'recovery in ms').toBeLessThanOrEqual(failoverMs + afterFailoverMs);
  },
});
