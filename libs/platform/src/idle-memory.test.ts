import { describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { IdleMemory } from './idle-memory.ts';

const megabyte = 1_000_000;

/** A process whose memory shrinks to 100 MB when it is given back. */
function setUp() {
  const clock = new ManualClock();
  const state = { cpuMs: 2_000, resident: 150 * megabyte, times: 0 };
  const memory = new IdleMemory(
    {
      residentBytes: () => state.resident,
      cpuMs: () => state.cpuMs,
      giveBack() {
        state.times += 1;
        state.resident = 100 * megabyte;
      },
    },
    clock,
  );
  memory.start();
  return { clock, state, memory };
}

describe('IdleMemory', () => {
  it('gives memory back once the process is idle', async () => {
    const { clock, state } = setUp();
    state.cpuMs += 1_000;
    await clock.advance(5_000);
    expect(state.times).toBe(0);
    state.cpuMs += 100;
    await clock.advance(5_000);
    expect(state).toMatchObject({ times: 1, resident: 100 * megabyte });
  });

  it('leaves memory alone that has not grown since', async () => {
    const { clock, state } = setUp();
    await clock.advance(5_000);
    state.resident += 9 * megabyte;
    await clock.advance(600_000);
    expect(state.times).toBe(1);
  });

  it('gives memory back that a flood has taken, but not more often than each 5 minutes', async () => {
    const { clock, state } = setUp();
    await clock.advance(5_000);
    state.resident = 300 * megabyte;
    await clock.advance(295_000);
    expect(state.times).toBe(1);
    await clock.advance(5_000);
    expect(state.times).toBe(2);
  });

  it('does nothing once it is closed', async () => {
    const { clock, state, memory } = setUp();
    memory.close();
    await clock.advance(60_000);
    expect([state.times, clock.pending]).toEqual([0, 0]);
  });
});
