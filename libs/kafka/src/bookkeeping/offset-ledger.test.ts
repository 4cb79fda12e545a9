import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { committable, decodeFinished, encodeFinished, metadataBytesMax, OffsetLedger, type OffsetRun } from './offset-ledger.ts';

const run = (from: number, to: number): OffsetRun => ({ from: BigInt(from), to: BigInt(to) });

describe('committable', () => {
  it.each<[claim: string, inFlight: number[], position: number, ahead: OffsetRun[], offset: number, finished: OffsetRun[]]>([
    ['the position is committed if nothing is in flight', [], 7, [], 7, []],
    ['the oldest offset in flight is the low-water mark', [3], 7, [], 3, [run(4, 7)]],
    ['the metadata holds the finished offsets between those in flight', [3, 5], 7, [], 3, [run(4, 5), run(6, 7)]],
    ['adjacent offsets in flight leave no empty run', [3, 4], 7, [], 3, [run(5, 7)]],
    ['the newest offset in flight leaves no finished run above', [6], 7, [], 6, []],
    ['a finished run above the position stays in the metadata', [], 7, [run(9, 12)], 7, [run(9, 12)]],
    ['a finished run that touches the position is committed', [], 7, [run(7, 12)], 12, []],
    ['a finished run at the position joins the finished offsets below', [5], 7, [run(7, 12)], 5, [run(6, 12)]],
  ])('%s', (_claim, inFlight, position, ahead, offset, finished) => {
    const commit = committable(inFlight.map(BigInt), BigInt(position), ahead);
    expect({ offset: commit.offset, finished: decodeFinished(commit.offset, commit.metadata) }).toEqual({
      offset: BigInt(offset),
      finished,
    });
  });
});

describe('the metadata of a commit', () => {
  it.each([null, '', 'text of another client', 'f1:', 'f1:1', 'f1:-1.2', 'f1:1.2.3', 'f1:1.zzzzzzzzzzzzz'])(
    'reads %j as nothing finished',
    (metadata) => expect(decodeFinished(5n, metadata)).toEqual([]),
  );

  const runs = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 5_000 })), { maxLength: 1_200 })
    .map((lengths) => {
      let cursor = 1_000_000_000n;
      return lengths.map(([gap, length]): OffsetRun => {
        const from = cursor + BigInt(gap);
        cursor = from + BigInt(length);
        return { from, to: cursor };
      });
    });

  it('is decoded as it was encoded, without the highest runs if it does not fit', () => {
    fc.assert(
      fc.property(runs, (finished) => {
        const text = encodeFinished(1_000_000_000n, finished);
        expect(text.length).toBeLessThanOrEqual(metadataBytesMax);
        const back = decodeFinished(1_000_000_000n, text);
        expect(back).toEqual(finished.slice(0, back.length));
        if (text.length < metadataBytesMax - 20) expect(back.length).toBe(finished.length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('OffsetLedger', () => {
  /**
   * Hands out and finishes at random, crashes at random, and starts again from the last commit;
   * gaps are offsets that hold no record.
   */
  const histories = fc.array(
    fc.record({ handOut: fc.integer({ min: 0, max: 12 }), finish: fc.array(fc.nat(40), { maxLength: 12 }), crash: fc.boolean() }),
    { maxLength: 40 },
  );

  it('loses no record over crashes, and repeats none that the commit lists as finished', () => {
    fc.assert(
      fc.property(histories, fc.uniqueArray(fc.nat(300), { maxLength: 60 }), (history, gaps) => {
        const holes = new Set(gaps);
        const finished = new Set<number>();
        const known = new Set<number>();
        let commit = { offset: 0n, metadata: '' };
        let ledger = new OffsetLedger(commit.offset, commit.metadata);
        let inFlight: number[] = [];
        let fetch = 0;
        for (const step of history) {
          for (let taken = 0; taken < step.handOut && fetch < 300; fetch += 1) {
            if (holes.has(fetch)) continue;
            taken += 1;
            if (ledger.handOut(BigInt(fetch))) {
              expect(known.has(fetch)).toBe(false);
              inFlight.push(fetch);
            } else expect(finished.has(fetch)).toBe(true);
          }
          for (const pick of step.finish) {
            const offset = inFlight[pick % Math.max(inFlight.length, 1)];
            if (offset === undefined) continue;
            inFlight = inFlight.filter((other) => other !== offset);
            finished.add(offset);
            ledger.finish(BigInt(offset));
          }
          commit = ledger.committable();
          for (let offset = 0; offset < Number(commit.offset); offset += 1)
            expect(holes.has(offset) || finished.has(offset)).toBe(true);
          expect(ledger.inFlight).toBe(inFlight.length);
          expect(ledger.isBehind(commit.offset, commit.metadata)).toBe(false);
          if (!step.crash) continue;
          for (const offset of finished) known.add(offset);
          ledger = new OffsetLedger(commit.offset, commit.metadata);
          inFlight = [];
          fetch = Number(commit.offset);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('hands out no offset twice before a crash', () => {
    const ledger = new OffsetLedger(10n, null);
    expect([9n, 10n, 11n, 10n, 11n, 12n].map((offset) => ledger.handOut(offset))).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  describe('that has 10 and 12 in flight, has finished 11, and knows 20 to 29 as finished', () => {
    const aLedger = () => {
      const ledger = new OffsetLedger(10n, encodeFinished(10n, [{ from: 20n, to: 30n }]));
      for (const offset of [10n, 11n, 12n]) ledger.handOut(offset);
      ledger.finish(11n);
      return ledger;
    };

    it.each<[commit: string, offset: bigint, runs: readonly [from: bigint, to: bigint][], isBehind: boolean]>([
      ['ends where the ledger began', 10n, [], false],
      [
        'knows what the ledger knows',
        10n,
        [
          [11n, 12n],
          [20n, 30n],
        ],
        false,
      ],
      ['knows less', 10n, [[22n, 25n]], false],
      ['is past the first record in flight', 11n, [], true],
      ['is past the position', 15n, [], true],
      ['has finished the second record in flight', 10n, [[12n, 13n]], true],
      ['has finished a record at the position', 10n, [[13n, 14n]], true],
      ['has finished one more of the known run', 10n, [[20n, 31n]], true],
    ])('is behind a commit that %s: %#', (_commit, offset, runs, isBehind) => {
      const metadata = encodeFinished(
        offset,
        runs.map(([from, to]) => ({ from, to })),
      );
      expect(aLedger().isBehind(offset, metadata)).toBe(isBehind);
    });
  });
});
