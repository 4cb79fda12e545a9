import { expect, it } from 'vitest';
import pino from 'pino';
import { epochMs, type EpochMs } from '#contracts';
import { ManualClock } from '#testing';
import { LargePayloads, payloadUsableMs, storedPayloadsHoursMin } from './large-payloads.ts';

const hourMs = 3_600_000;
const turn = async () => new Promise(setImmediate);

it('old payloads are removed at the start and every hour, and make room for others', async () => {
  const clock = new ManualClock();
  const sweeps: EpochMs[] = [];
  let kept = 90;
  let failure: Error | undefined;
  const store = {
    put: async () => ({ reference: 'r', sha256: '', storedAt: clock.now() }),
    get: async () => undefined,
    storedAt: async () => undefined,
    sweep: async (before: EpochMs) => {
      sweeps.push(before);
      if (failure !== undefined) throw failure;
      return { keptBytes: kept, left: 0 };
    },
  };
  const logger = pino({ level: 'silent' });
  const payloads = new LargePayloads({ store, clock, logger, bytesMax: 50, allBytesMax: 100, keptMs: 96 * hourMs });
  payloads.start();
  await turn();
  const started = clock.now();
  await expect(payloads.upload('f:latest', Buffer.alloc(11))).rejects.toMatchObject({ code: 'FSS.0503' });
  await payloads.upload('f:latest', Buffer.alloc(10));
  await expect(payloads.upload('f:latest', Buffer.alloc(1))).rejects.toMatchObject({ code: 'FSS.0503' });
  kept = 0;
  failure = new Error('the store is away');
  await clock.advance(hourMs);
  await turn();
  failure = undefined;
  await clock.advance(hourMs);
  await turn();
  await payloads.upload('f:latest', Buffer.alloc(50));
  expect(sweeps).toEqual([0, 1, 2].map((hours) => epochMs(started + (hours - 96) * hourMs)));
  payloads.close();
  await clock.advance(hourMs);
  expect(sweeps).toHaveLength(3);
});

it('a clock that is set forward by 30 days removes no payload that has days to go', async () => {
  const clock = new ManualClock();
  const sweeps: EpochMs[] = [];
  const store = {
    put: async () => ({ reference: 'r', sha256: '', storedAt: clock.now() }),
    get: async () => undefined,
    storedAt: async () => undefined,
    sweep: async (before: EpochMs) => {
      sweeps.push(before);
      return { keptBytes: 0, left: 0 };
    },
  };
  const logger = pino({ level: 'silent' });
  const payloads = new LargePayloads({ store, clock, logger, bytesMax: 50, allBytesMax: 100, keptMs: 96 * hourMs });
  payloads.start();
  await turn();
  const started = clock.now();
  clock.step(30 * 24 * hourMs);
  await clock.advance(hourMs);
  await turn();
  payloads.close();
  expect(sweeps.at(-1)).toBe(started + (1 - 96) * hourMs);
});

it('bytes of an upload that failed count no more', async () => {
  const clock = new ManualClock();
  let failure: Error | undefined = new Error('disk full');
  const store = {
    put: async () => {
      if (failure !== undefined) throw failure;
      return { reference: 'r', sha256: '', storedAt: clock.now() };
    },
    get: async () => undefined,
    storedAt: async () => undefined,
    sweep: async () => ({ keptBytes: 0, left: 0 }),
  };
  const logger = pino({ level: 'silent' });
  const payloads = new LargePayloads({ store, clock, logger, bytesMax: 100, allBytesMax: 100, keptMs: 1 });
  await expect(payloads.upload('f:latest', Buffer.alloc(100))).rejects.toThrow('disk full');
  failure = undefined;
  expect(await payloads.upload('f:latest', Buffer.alloc(100))).toMatchObject({ payload_ref: 'r' });
});

it('an invocation with the longest delay, accepted at the last moment, keeps its payload to its end', () => {
  const dayMs = 24 * hourMs;
  const [delayMs, validityMs, noticesMs] = [dayMs, dayMs, dayMs];
  expect(storedPayloadsHoursMin * hourMs).toBe(payloadUsableMs + delayMs + validityMs + noticesMs);
});

it.each([
  ['first', 23, undefined],
  ['first', 24, 'payload-expired'],
  // 240 h less the three days that an invocation may live.
  ['again', 167, undefined],
  ['again', 168, 'payload-expired'],
] as const)('for a %s use a payload of %i hours is refused with %s', async (use, hours, refusal) => {
  const clock = new ManualClock();
  const storedAt = clock.now();
  const store = {
    put: async () => expect.fail(),
    get: async () => expect.fail('the payload is not read to learn its age'),
    storedAt: async () => storedAt,
    sweep: async () => ({ keptBytes: 0, left: 0 }),
  };
  const logger = pino({ level: 'silent' });
  const payloads = new LargePayloads({ store, clock, logger, bytesMax: 1, allBytesMax: 1, keptMs: 240 * hourMs });
  await clock.advance(hours * hourMs);
  expect(await payloads.refusal('urn:fss:local:p1:function:default:f:latest', 'r', use)).toBe(refusal);
});
