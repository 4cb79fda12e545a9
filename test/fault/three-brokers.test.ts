/** Faults of one of three brokers: each record is on three of them, and two must have it. */
import { scenariosOn } from './scenario.ts';

const scenario = scenariosOn({ brokers: 3 });

// A frozen broker is dropped from the cluster after 9 s. Nothing that needs all replicas can be
// written until then.
scenario('leader frozen', {
  fault: async ({ world: { cluster, topicPrefix }, lasts }) => {
    const thaw = cluster.freeze(await cluster.leaderOf(`${topicPrefix}invocations`));
    await lasts({ short: 20_000, long: 60_000 });
    thaw();
  },
  bounds: { repeats: 100, recoveryMs: { short: 45_000, long: 90_000 }, refusedForMs: 15_000 },
});
