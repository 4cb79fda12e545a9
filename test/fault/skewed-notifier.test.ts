/** A wrong time of day in one service. */
import { scenariosOn } from './scenario.ts';

const scenario = scenariosOn({ brokers: 1, skewedService: 'notifier' });

for (const [how, seconds] of [
  ['behind', -3_600],
  ['ahead', 3_600],
] as const)
  scenario(`clock of the notifier an hour ${how}`, {
    fault: async ({ world, lasts }) => {
      await world.clock.skew(seconds);
      await lasts({ short: 3_000, long: 30_000 });
      await world.clock.skew(0);
    },
    // The notifier takes no work while its clock is refused.
    bounds: { repeats: 0, recoveryMs: { short: 20_000, long: 70_000 }, refusedForMs: 0 },
  });
