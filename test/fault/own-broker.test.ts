/** Faults of an installation that starts its own broker, with accounts. */
import { scenariosOn } from './scenario.ts';

const scenario = scenariosOn({ brokers: 'own' });

scenario('whole tree killed and started again', {
  runtime: 'node',
  fault: async ({ world }) => {
    await world.killTree();
    await world.startAgain();
  },
  bounds: { repeats: 150, recoveryMs: 60_000 },
});
