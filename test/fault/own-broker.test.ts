/** Faults of an installation that starts its own broker, with accounts. */
import { expect } from 'vitest';
import { eventually } from '#testing';
import { killAll } from './processes.ts';
import { scenariosOn } from './scenario.ts';
import { smallDiskMissing } from './small-disk.ts';
import type { World } from './world.ts';

const scenario = scenariosOn({ brokers: 'own', ...(smallDiskMissing() === undefined ? { diskMegabytes: 512 } : {}) });

scenario('whole tree killed and started again', {
  runtime: 'node',
  fault: async ({ world }) => {
    await world.killTree();
    await world.startAgain();
  },
  bounds: { repeats: 150, recoveryMs: 60_000 },
});

async function killOwnBroker(world: World): Promise<void> {
  const pid = await eventually(() => world.pidOfOwnBroker(), { deadlineMs: 30_000, pauseMs: 5 });
  await killAll([pid]);
}

scenario('own broker killed, and twice more within its start', {
  fault: async ({ world }) => {
    for (let kills = 0; kills < 3; kills++) await killOwnBroker(world);
  },
  bounds: { repeats: 100, recoveryMs: 60_000 },
});

// Only root can mount a disk that is small enough.
if (smallDiskMissing() === undefined)
  scenario('disk full under the own broker', {
    fault: async ({ world, lasts }) => {
      await world.disk.fill();
      try {
        const says = (text: string) => world.installation.output.some((line) => line.includes(text));
        await eventually(() => says('the broker ended') && says('is full: 0 MB are free'), { deadlineMs: 60_000 });
        const asked = async (path: string) => (await fetch(`${world.installation.url}/${path}`)).status;
        await eventually(async () => (await asked('readyz')) === 503, { deadlineMs: 30_000 });
        await lasts({ short: 0, long: 30_000 });
        expect(await asked('healthz')).toBe(200);
      } finally {
        await world.disk.free();
      }
    },
    bounds: { repeats: 400, recoveryMs: { short: 90_000, long: 180_000 } },
  });
