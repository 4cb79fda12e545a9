import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { epochMs } from '#contracts';
import { PlatformClock } from './platform-clock.ts';

const start = 1_800_000_000_000;
const hourMs = 3_600_000;

/** A clock over a machine that the test sets, and brokers that are right. */
function setUp({ skewMs = 0 } = {}) {
  const machine = { wallAheadMs: start + skewMs, steady: 0, wall: start + skewMs, uptime: 500_000 };
  let brokersMs = start;
  const steps: number[] = [];
  const compared: (readonly [skewMs: number, isRefused: boolean])[] = [];
  const clock = new PlatformClock({
    machine: {
      wallAheadMs: machine.wallAheadMs,
      wallMs: () => Math.floor(machine.wall),
      steadyMs: () => machine.steady,
      uptimeMs: () => machine.uptime,
    },
    refuseMs: 60_000,
    observer: { stepped: (byMs) => steps.push(byMs), compared: (...one) => compared.push(one) },
  });
  const pass = (ms: number) => {
    machine.steady += ms;
    machine.wall += ms;
    machine.uptime += ms;
    brokersMs += ms;
  };
  return {
    clock,
    steps,
    compared,
    pass,
    sleep: (ms: number) => {
      machine.wall += ms;
      machine.uptime += ms;
      brokersMs += ms;
    },
    set: (ms: number) => void (machine.wall += ms),
    setBrokers: (ms: number) => void (brokersMs += ms),
    /** Asks the brokers; question and answer take so long each. */
    ask: (oneWayMs = 1) => {
      const askedMs = clock.elapsedMs();
      pass(oneWayMs);
      const brokersAt = epochMs(Math.floor(brokersMs));
      pass(oneWayMs);
      return clock.compare({ brokersAt, askedMs, answeredMs: clock.elapsedMs() });
    },
    offBy: () => clock.now() - brokersMs,
  };
}

describe('PlatformClock', () => {
  it.each([-5_000, 5_000, -hourMs, hourMs])('shows the time of the brokers on a machine that is %i ms ahead', (skewMs) => {
    const { ask, offBy } = setUp({ skewMs });
    ask();
    expect(Math.abs(offBy())).toBeLessThanOrEqual(1.5);
  });

  it('keeps the time of a machine whose clock agrees, to the millisecond', () => {
    const { ask, offBy, clock } = setUp();
    expect([ask(20), ask(1), offBy(), clock.skewMs]).toEqual([false, false, 0, 0]);
  });

  it('takes no difference for a skew that the duration of a request explains', () => {
    const { ask, clock } = setUp({ skewMs: 150 });
    ask(200);
    expect([clock.skewMs, ask(1)]).toEqual([0, true]);
  });

  it.each([-hourMs, hourMs])('goes on when the clock of the machine alone is set by %i ms, and counts it', (byMs) => {
    const { clock, ask, set, pass, offBy, steps } = setUp();
    ask();
    set(byMs);
    pass(1_000);
    clock.look();
    clock.look();
    expect([offBy(), steps.map((ms) => Math.round(ms / 10) * 10)]).toEqual([0, [byMs]]);
  });

  it.each([-hourMs, hourMs])('follows the brokers when all clocks are set by %i ms, and elapses as before', (byMs) => {
    const { clock, ask, set, setBrokers, offBy, compared } = setUp();
    ask();
    const before = clock.elapsedMs();
    set(byMs);
    setBrokers(byMs);
    ask();
    expect([Math.abs(offBy()) <= 1, clock.elapsedMs() - before, compared.at(-1)]).toEqual([true, 2, [0, false]]);
  });

  it('tells its listener of a step, so that the brokers are asked at once', () => {
    const { clock, set } = setUp();
    let told = 0;
    clock.onStep(() => (told += 1));
    set(999);
    clock.look();
    expect(told).toBe(0);
    set(1_500);
    clock.look();
    expect(told).toBe(1);
  });

  it('counts the sleep of the machine as elapsed, and not as a step of its clock', () => {
    const { clock, ask, sleep, offBy, steps } = setUp();
    ask();
    const before = clock.elapsedMs();
    sleep(hourMs);
    clock.look();
    expect([clock.elapsedMs() - before, offBy(), steps]).toEqual([hourMs, 0, []]);
  });

  it('is refused past the bound, and usable again when the clock is set right', () => {
    const { clock, ask, set, compared } = setUp();
    const told: boolean[] = [];
    clock.onRefusal((isRefused) => told.push(isRefused));
    ask();
    set(60_500);
    ask();
    expect([clock.isRefused, told]).toEqual([true, [true]]);
    set(-60_500);
    ask();
    expect([clock.isRefused, told]).toEqual([false, [true, false]]);
    expect(compared.map(([skewMs, isRefused]) => [Math.round(skewMs / 1_000), isRefused])).toEqual([
      [0, false],
      [60, true],
      [0, false],
    ]);
  });

  it('does not follow brokers whose clock alone was set by an hour', () => {
    const { clock, ask, setBrokers } = setUp();
    ask();
    const before = clock.now();
    setBrokers(-hourMs);
    ask();
    expect([clock.isRefused, clock.now() - before]).toEqual([true, 2]);
  });

  it('shows the time of its machine until the brokers were asked', () => {
    const { clock, set } = setUp({ skewMs: 7_000 });
    expect(clock.now()).toBe(start + 7_000);
    set(-7_000);
    clock.look();
    expect(Math.abs(clock.now() - start)).toBeLessThanOrEqual(1);
  });

  it('tells how long its process stood still, also before its own timer fires', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { clock, pass, sleep } = setUp();
    clock.watch();
    onTestFinished(() => {
      clock.close();
      vi.useRealTimers();
    });
    const look = () => vi.advanceTimersToNextTimer();
    pass(1_900);
    look();
    expect(clock.stoodStillMs()).toBe(0);
    pass(31_000);
    expect(clock.stoodStillMs()).toBe(30_000);
    look();
    pass(1_000);
    look();
    expect(clock.stoodStillMs()).toBe(30_000);
    sleep(60_000);
    pass(1_000);
    look();
    expect(clock.stoodStillMs()).toBe(90_000);
  });
});
