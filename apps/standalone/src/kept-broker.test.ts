/**
 * Goal: an installation goes on although its broker ends, also while it starts. Method: brokers
 * that end when the test wants, on a clock of the test.
 */
import { expect, it } from 'vitest';
import type { RunningBroker } from '#broker';
import { PlatformError } from '#contracts';
import { ManualClock } from '#testing';
import { KeptBroker } from './kept-broker.ts';

const failure = new PlatformError('BROKER_START_FAILED', { details: { reason: 'no room' } });

/** A broker that ends when the test calls `end`. */
function aBroker() {
  let end: (how: string) => void = () => undefined;
  const exited = new Promise<string>((resolve) => {
    end = resolve;
  });
  const broker: RunningBroker = { bootstrapServers: '127.0.0.1:9', way: 'java', exited, stop: async () => end('stopped') };
  return { broker, end: (how: string) => end(how) };
}

/** @param outcomes of the starts, in their order. The last one repeats. */
function keep(...outcomes: readonly (RunningBroker | Error)[]) {
  const room = { lack: 'the disk is full' };
  const told: string[] = [];
  const clock = new ManualClock();
  const lines: string[] = [];
  const ports: (number | undefined)[] = [];
  const launch = async (port: number | undefined) => {
    ports.push(port);
    const outcome = outcomes[Math.min(ports.length, outcomes.length) - 1];
    if (outcome === undefined || outcome instanceof Error) throw outcome ?? failure;
    return outcome;
  };
  const kept = KeptBroker.start({
    launch,
    clock,
    announce: (line) => lines.push(line),
    lacks: async () => room.lack,
    waits: (reason) => told.push(reason),
  });
  kept.catch(() => undefined);
  return { kept, clock, lines, ports, room, told };
}

it('is started again on its port, with longer and longer waits, however often it fails', async () => {
  const [one, two] = [aBroker(), aBroker()];
  const { kept, clock, lines, ports } = keep(one.broker, ...Array.from({ length: 9 }, () => failure), two.broker);
  await kept;
  one.end('SIGKILL');
  await clock.advance(0);
  expect(lines).toEqual(['the broker ended (SIGKILL); the disk is full; trying again in 0.25 s']);
  await clock.advance(60_000);
  expect(lines.slice(1, 4)).toEqual([0.5, 1, 2].map((wait) => `${failure.message}; the disk is full; trying again in ${wait} s`));
  expect(lines.at(-1)).toBe('the broker runs again');
  expect(ports).toEqual([undefined, ...Array.from({ length: 10 }, () => 9)]);
  two.end('exit code 1');
  await clock.advance(0);
  expect(lines.at(-1)).toContain('the broker ended (exit code 1)');
});

it('may fail to start at first, for a while', async () => {
  const { kept, clock, lines } = keep(failure, failure, aBroker().broker);
  await clock.advance(0);
  await clock.advance(1_000);
  expect((await kept).bootstrapServers).toBe('127.0.0.1:9');
  expect(lines).toHaveLength(2);
});

it('is given up if it never started, with the reason', async () => {
  const { kept, clock, ports, room } = keep(failure);
  room.lack = '';
  await clock.advance(0);
  await clock.advance(60_000);
  await expect(kept).rejects.toBe(failure);
  expect(ports.length).toBeGreaterThan(5);
});

it('is not given up while the disk is full, and health checks are told why it waits', async () => {
  const { kept, clock, told } = keep(...Array.from({ length: 30 }, () => failure), aBroker().broker);
  await clock.advance(0);
  await clock.advance(3_600_000);
  expect((await kept).bootstrapServers).toBe('127.0.0.1:9');
  expect(new Set(told)).toEqual(new Set([`${failure.message}; the disk is full`]));
});

it('is not tried again for what cannot pass', async () => {
  const locked = new PlatformError('DATA_DIR_LOCKED', { details: { reason: 'in use' } });
  const { kept, clock, ports } = keep(locked);
  await clock.advance(60_000);
  await expect(kept).rejects.toBe(locked);
  expect(ports).toEqual([undefined]);
});

it('stays stopped, also if it was stopped while it waited to start again', async () => {
  const { broker, end } = aBroker();
  const { kept, clock, ports } = keep(broker);
  const started = await kept;
  end('SIGKILL');
  await clock.advance(0);
  await started.stop();
  await clock.advance(60_000);
  expect(ports).toEqual([undefined]);
});
