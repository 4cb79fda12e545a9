import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { sharedBytes } from './archive-reader.ts';
import { digestOf, type ObjectStore, type StoredObject } from './object-store.ts';

/** An empty store to run the suite against. */
export interface ObjectStoreUnderTest {
  readonly store: ObjectStore;
  /** Changes the bytes of an object without the store. */
  damage(digest: string): Promise<void>;
  /** A store of the same kind that cannot be reached. */
  readonly unreachable: ObjectStore;
  close(): Promise<void>;
}

const later = epochMs(Date.now() + 3_600_000);
const absent = digestOf(Buffer.from('nobody put this'));

/** The tests that every object store passes. */
export function objectStoreConformance(name: string, open: () => Promise<ObjectStoreUnderTest>): void {
  describe(`${name} as an object store`, () => {
    let under: ObjectStoreUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(async () => under.close());
    const all = async () => {
      const found: StoredObject[] = [];
      for await (const object of under.store.list()) found.push(object);
      return found.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
    };

    it('is empty at first', async () => {
      expect(await under.store.get(absent)).toBeUndefined();
      expect(await all()).toEqual([]);
      await under.store.remove(absent, later);
    });

    it('stores 12 MB of shared memory under the digest that the caller has', async () => {
      const bytes = sharedBytes(12_000_000).fill('Sendoff');
      const digest = digestOf(bytes);
      expect(await under.store.put(bytes, digest)).toBe(digest);
      expect((await under.store.get(digest))?.equals(bytes)).toBe(true);
    });

    it('returns the bytes it was given, under their SHA-512', async () => {
      const bytes = Buffer.from([0, 1, 254, 255]);
      const digest = await under.store.put(bytes);
      expect(digest).toBe(digestOf(bytes));
      expect(await under.store.get(digest)).toEqual(bytes);
      expect(await under.store.get(absent)).toBeUndefined();
    });

    it('returns the first bytes of an object, or all if it has fewer', async () => {
      const digest = await under.store.put(Buffer.from('as it was'));
      expect(String(await under.store.beginning(digest, 5))).toBe('as it');
      expect(String(await under.store.beginning(digest, 500))).toBe('as it was');
      expect(await under.store.beginning(await under.store.put(Buffer.alloc(0)), 5)).toEqual(Buffer.alloc(0));
      expect(await under.store.beginning(absent, 5)).toBeUndefined();
    });

    it('stores an object of 8 MB and an empty object', async () => {
      for (const bytes of [Buffer.alloc(8 * 1_048_576, 7), Buffer.alloc(0)])
        expect((await under.store.get(await under.store.put(bytes)))?.equals(bytes)).toBe(true);
    });

    it('stores equal bytes once, even when put concurrently', async () => {
      const bytes = Buffer.from('the same');
      await Promise.all([1, 2, 3].map(async () => under.store.put(bytes)));
      expect(await all()).toEqual([{ digest: digestOf(bytes), storedAt: expect.any(Number), bytes: bytes.length }]);
      expect(await under.store.get(digestOf(bytes))).toEqual(bytes);
    });

    it('lists each object with the time it was stored', async () => {
      const before = Date.now() - 2_000;
      const digests = await Promise.all(['a', 'b'].map(async (text) => under.store.put(Buffer.from(text))));
      const found = await all();
      expect(found.map(({ digest }) => digest)).toEqual(digests.toSorted());
      expect(found.every(({ storedAt }) => storedAt > before && storedAt < before + 60_000)).toBe(true);
    });

    it('removes one object and keeps the others', async () => {
      const [one = '', two = ''] = await Promise.all(['a', 'b'].map(async (text) => under.store.put(Buffer.from(text))));
      await under.store.remove(one, later);
      expect(await under.store.get(one)).toBeUndefined();
      expect((await all()).map(({ digest }) => digest)).toEqual([two]);
    });

    it('does not remove an object stored since the given instant', async () => {
      const hourAgo = epochMs(Date.now() - 3_600_000);
      const digest = await under.store.put(Buffer.from('a'));
      await under.store.remove(digest, hourAgo);
      expect(String(await under.store.get(digest))).toBe('a');
    });

    it.each(['', '..', '../../etc/passwd', absent.toUpperCase(), `${absent}0`])(
      'finds no object for the malformed digest %j',
      async (text) => {
        expect(await under.store.get(text)).toBeUndefined();
        expect(await under.store.beginning(text, 5)).toBeUndefined();
        await under.store.remove(text, later);
      },
    );

    it('refuses to return bytes that were changed in the store', async () => {
      const digest = await under.store.put(Buffer.from('as it was'));
      await under.damage(digest);
      await expect(under.store.get(digest)).rejects.toMatchObject({ code: 'OBJECT_STORE_UNAVAILABLE' });
      await under.store.put(Buffer.from('as it was'));
      expect(String(await under.store.get(digest))).toBe('as it was');
    });

    it('throws OBJECT_STORE_UNAVAILABLE when it cannot be reached', async () => {
      const unavailable = { code: 'OBJECT_STORE_UNAVAILABLE', retryable: true };
      await expect(under.unreachable.put(Buffer.from('a'))).rejects.toMatchObject(unavailable);
      await expect(under.unreachable.get(absent)).rejects.toMatchObject(unavailable);
      await expect(under.unreachable.beginning(absent, 5)).rejects.toMatchObject(unavailable);
    });
  });
}
