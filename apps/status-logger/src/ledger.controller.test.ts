/**
 * Goal: the stop of an installation is never held up by the ledger, and prints no old proof as new.
 * Method: the check of the test answers when the test wants.
 */
import { expect, it } from 'vitest';
import { epochMs, type LedgerProof, tallySums } from '#contracts';
import { ManualClock } from '#testing';
import { LedgerController } from './ledger.controller.ts';
import type { LedgerCheck } from './ledger-check.ts';
import type { StatusStore } from './status-store.ts';

const none = Object.fromEntries(tallySums.map((name) => [name, 0]));
const tally = { ...none, accepted: 7, rejected: 5, ended_0: 4, delayed: 2, running: 1 };
const store = { grandTotal: async () => tally } as unknown as StatusStore;
const old: LedgerProof = { provenAt: epochMs(1), unaccounted: [] };

function setUp(check: () => Promise<LedgerProof | undefined>) {
  const clock = new ManualClock();
  const controller = new LedgerController(store, async () => true, { latest: old, check } as unknown as LedgerCheck, clock);
  return { clock, controller };
}

it('a summary shows the comparison that it made', async () => {
  const unaccounted = [{ requestId: 'r1', functionUrn: 'f', project: 'p1' }];
  const { controller } = setUp(async () => ({ provenAt: epochMs(2), unaccounted }));
  expect(await controller.summary()).toEqual({ accepted: 7, settled: 4, inFlight: 3, rejected: 5, unaccounted });
});

it('a summary leaves out what a comparison does not answer in 1.5 s', async () => {
  const { clock, controller } = setUp(() => new Promise(() => undefined));
  const summary = controller.summary();
  await clock.advance(1_500);
  expect(await summary).toEqual({ accepted: 7, settled: 4, inFlight: 3, rejected: 5 });
});
