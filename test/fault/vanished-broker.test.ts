/** A broker of three vanishes without closing its connections. */
import { scenariosOn } from './scenario.ts';

const scenario = scenariosOn({ brokers: 3 });

scenario('one of three brokers frozen', {
  fault: async ({ world, lasts }) => {
    const { cluster, topicPrefix } = world;
    const thaw = cluster.freeze(await cluster.leaderOf(`${topicPrefix}invocations`));
    await lasts({ short: 12_000, long: 60_000 });
    thaw();
  },
  // The brokers choose new leaders after 9 s. Readers then go on within a session timeout and 5 s.
  bounds: { repeats: 150, recoveryMs: { short: 25_000, long: 25_000 } },
});
