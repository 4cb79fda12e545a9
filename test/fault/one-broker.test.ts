/** Faults of one service or of the only broker. */
import { services } from '#contracts';
import { killAll } from './processes.ts';
import { scenariosOn } from './scenario.ts';

const scenario = scenariosOn({ brokers: 1 });

scenario('executor killed', {
  runtime: 'node',
  fault: async ({ world }) => world.kill('executor'),
  bounds: { repeats: 150, recoveryMs: 20_000, refusedForMs: 0 },
});

scenario('notifier frozen', {
  fault: async ({ world, lasts }) => {
    const thaw = await world.freeze('notifier');
    await lasts({ short: 2_000, long: 30_000 });
    thaw();
  },
  bounds: { repeats: 0, recoveryMs: { short: 20_000, long: 60_000 }, refusedForMs: 0 },
});

scenario('broker killed and started again', {
  fault: async ({ world: { cluster }, lasts }) => {
    await cluster.kill(1);
    await lasts({ short: 500, long: 15_000 });
    await cluster.startBroker(1);
  },
  bounds: { repeats: 100, recoveryMs: { short: 30_000, long: 60_000 } },
});

scenario('all services killed at once', {
  fault: async ({ world }) => {
    const pids = await Promise.all(services.map(async (service) => world.pidOf(service)));
    await killAll(pids);
  },
  bounds: { repeats: 150, recoveryMs: 60_000 },
});
