/** Faults of one service or of the only broker. */
import { expect } from 'vitest';
import { services } from '#contracts';
import { killAll } from './processes.ts';
import { type FaultContext, scenariosOn } from './scenario.ts';

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

/** Synchronous calls of callers who give up while the executor that they reached stands still. */
const calls = { count: 20, patienceMs: 2_000 };
const callId = 'call';
let callsRunBefore = 0;

/** @returns how many callers gave up. */
async function callAndGiveUp({ world, functionName }: FaultContext): Promise<number> {
  const event = { id: callId, count: `${world.counting.url}/run` };
  const call = async () => {
    const signal = AbortSignal.timeout(calls.patienceMs);
    await world.client.call('POST', `/fgs/functions/${functionName}/invocations`, event, {}, signal);
  };
  const ends = await Promise.allSettled(Array.from({ length: calls.count }, call));
  return ends.filter(({ status }) => status === 'rejected').length;
}

// The last one, because its second executor stays.
scenario('one of two executors frozen', {
  fault: async (context) => {
    const { world } = context;
    await world.startBeside('executor');
    // The ingress sends all calls to this one.
    const thaw = await world.freeze('executor');
    const givenUp = callAndGiveUp(context);
    // Longer than the session, after which the other executor has all partitions.
    await context.lasts({ short: 13_000, long: 60_000 });
    expect(await givenUp, 'callers who gave up').toBe(calls.count);
    callsRunBefore = world.counting.runsOf(callId);
    thaw();
  },
  // At most what it had in hand: the function has 40 places.
  bounds: { repeats: 60, recoveryMs: { short: 60_000, long: 120_000 }, refusedForMs: 0 },
  after: async ({ world }) => {
    expect(world.counting.runsOf(callId) - callsRunBefore, 'calls begun for callers who had gone').toBe(0);
  },
});
