import { describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { IdleMemory } from './idle-memory.ts';

const megabyte = 1_000_000;

const ever = () => Number.POSITIVE_INFINITY;

/** A process whose memory shrinks to 100 MB when it is given back. */
function setUp(freeForMs: () => number = ever) {
  const clock = new ManualClock();
  const state = { cpuMs: 2_000, resident: 150 * megabyte, used: 50 * megabyte, times: 0 };
  const memory = new IdleMemory(
    {
      residentBytes: () => state.resident,
      usedBytes: () => state.used,
      cpuMs: () => state.cpuMs,
      giveBack() {
        state.times += 1;
        state.resident = 100 * megabyte;
      },
    },
    clock,
    freeForMs,
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

  it('waits until no work is due for longer than it would stop the process', async () => {
    let dueInMs = 299;
    const { clock, state } = setUp(() => dueInMs);
    await clock.advance(60_000);
    expect(state.times).toBe(0);
    dueInMs = 300;
    await clock.advance(5_000);
    expect(state.times).toBe(1);
  });

  it('leaves a process alone that holds much', async () => {
    const { clock, state } = setUp();
    state.used = 201 * megabyte;
    await clock.advance(60_000);
    expect(state.times).toBe(0);
  });

  it('does nothing once it is closed', async () => {
    const { clock, state, memory } = setUp();
    memory.close();
    await clock.advance(60_000);
    expect([state.times, clock.pending]).toEqual([0, 0]);
  });
});
