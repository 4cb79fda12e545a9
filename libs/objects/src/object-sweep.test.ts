import { expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { ManualClock } from '#testing';
import { unavailable } from './object-store.ts';
import { ObjectSweep } from './object-sweep.ts';

const before = epochMs(1_000);

/** Objects of 1 byte each, listed in this order, all stored before `before`. */
function aStore(digests: readonly string[], clock = new ManualClock()) {
  const objects = new Set(digests);
  const failing = new Map<string, number>();
  const tried: string[] = [];
  const store = {
    async *list() {
      for (const digest of objects) yield { digest, storedAt: epochMs(0), bytes: 1 };
    },
    remove: async (digest: string) => {
      tried.push(digest);
      const answerMs = failing.get(digest);
      if (answerMs !== undefined) {
        clock.sleep(answerMs);
        throw unavailable(`${digest} is locked`);
      }
      objects.delete(digest);
    },
  };
  return { objects, failing, tried, sweep: new ObjectSweep(store, clock), triedNow: () => tried.splice(0) };
}

it('an object that cannot be removed holds up no other, and is tried last from then on', async () => {
  const { failing, sweep, objects, triedNow } = aStore(['locked', 'a', 'b']);
  failing.set('locked', 5);
  expect(await sweep.sweep({ before })).toMatchObject({ keptBytes: 1, left: 1, error: { code: 'OBJECT_STORE_UNAVAILABLE' } });
  expect(triedNow()).toEqual(['locked', 'a', 'b']);
  objects.add('c');
  await sweep.sweep({ before });
  expect(triedNow()).toEqual(['c', 'locked']);
  failing.clear();
  expect(await sweep.sweep({ before })).toEqual({ keptBytes: 0, left: 0, error: undefined });
});

it('removals that fail take a minute of a sweep at most, and each has its turn', async () => {
  const { failing, sweep, triedNow } = aStore(['a', 'b', 'c', 'd']);
  for (const digest of ['a', 'b', 'c']) failing.set(digest, 30_000);
  expect(await sweep.sweep({ before })).toMatchObject({ keptBytes: 4, left: 4 });
  expect(triedNow()).toEqual(['a', 'b']);
  expect(await sweep.sweep({ before })).toMatchObject({ keptBytes: 3, left: 3 });
  expect(triedNow()).toEqual(['c', 'd', 'a']);
  await sweep.sweep({ before });
  expect(triedNow()).toEqual(['b', 'c']);
});

it('objects that are young, or needed by then, stay', async () => {
  const { sweep, triedNow } = aStore(['a', 'b', 'c']);
  expect(await sweep.sweep({ before, isNeeded: (digest) => digest === 'b' })).toEqual({
    keptBytes: 1,
    left: 0,
    error: undefined,
  });
  expect(triedNow()).toEqual(['a', 'c']);
  expect(await sweep.sweep({ before: epochMs(0) })).toMatchObject({ keptBytes: 1, left: 0 });
});
