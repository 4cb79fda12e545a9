/** A data folder on a disk that fills up. */
import { scenariosOn } from './scenario.ts';

const scenario = scenariosOn({ brokers: 1, diskMegabytes: 64 });

scenario('disk full', {
  runtime: 'node',
  fault: async ({ world, lasts }) => {
    await world.disk.fill();
    await lasts({ short: 3_000, long: 30_000 });
    await world.disk.free();
  },
  bounds: { repeats: 100, recoveryMs: { short: 30_000, long: 60_000 } },
});
