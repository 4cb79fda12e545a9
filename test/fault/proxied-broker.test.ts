/** Faults of the network between the services and the broker. */
import { scenariosOn } from './scenario.ts';

const scenario = scenariosOn({ brokers: 1, isProxied: true });

scenario('connections to the broker closed', {
  fault: async ({ world, lasts }) => {
    const [proxy] = world.cluster.proxies;
    proxy?.cut();
    await lasts({ short: 1_000, long: 20_000 });
    proxy?.heal();
  },
  bounds: { repeats: 150, recoveryMs: { short: 30_000, long: 60_000 } },
});

scenario('no bytes to and from the broker', {
  fault: async ({ world, lasts }) => {
    const [proxy] = world.cluster.proxies;
    proxy?.hold();
    await lasts({ short: 3_000, long: 30_000 });
    proxy?.heal();
  },
  bounds: { repeats: 150, recoveryMs: { short: 30_000, long: 60_000 } },
});

scenario('broker 200 ms away', {
  usualMs: 10_000,
  fault: async ({ world, lasts }) => {
    const [proxy] = world.cluster.proxies;
    proxy?.delay(200);
    await lasts({ short: 3_000, long: 30_000 });
    proxy?.heal();
  },
  bounds: { repeats: 0, recoveryMs: 20_000, refusedForMs: 0 },
});
