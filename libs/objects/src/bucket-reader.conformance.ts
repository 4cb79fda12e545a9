import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BucketObject, BucketQuery, BucketReader } from './bucket-reader.ts';

/** A store with the empty bucket `results`, to run the suite against. */
export interface BucketsUnderTest {
  readonly reader: BucketReader;
  put(key: string, text: string): Promise<void>;
  /** A reader of the same kind whose store does not answer. */
  readonly unreachable: BucketReader;
  close(): Promise<void>;
}

const day = (number: number) => `told/2027/01/${String(number).padStart(2, '0')}`;
const patient = new AbortController().signal;

/** The tests that every reader of buckets passes. */
export function bucketReaderConformance(name: string, open: () => Promise<BucketsUnderTest>): void {
  describe(`${name} as buckets`, () => {
    let under: BucketsUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(async () => under.close());

    const list = async (given: Partial<BucketQuery> = {}) => {
      const answer = await under.reader.list({ bucket: 'results', prefix: '', limit: 100, ...given }, patient);
      if (answer.kind !== 'page') throw new Error(`no page, but ${answer.kind}`);
      return answer;
    };
    const keysOf = ({ objects }: { readonly objects: readonly BucketObject[] }) => objects.map(({ key }) => key);
    const put = async (...keys: readonly string[]) => {
      for (const key of keys) await under.put(key, `text of ${key}`);
    };
    const read = async (key: string, bytesMax = 1_000) => {
      const answer = await under.reader.read('results', key, bytesMax, patient);
      return answer.kind === 'object' ? [String(answer.bytes), answer.size] : answer.kind;
    };

    it('are empty at first', async () => {
      expect(await list()).toEqual({ kind: 'page', objects: [] });
      expect(await read('told/r1.json')).toBe('no-object');
    });

    it('list the last key first, with size and time, across folders', async () => {
      const begun = Date.now();
      await put(`${day(2)}/a.json`, `${day(10)}/a.json`, `${day(10)}/b.json`, 'first.json', 'zoo/deep/er/x', 'told.json');
      const page = await list();
      expect(keysOf(page)).toEqual([
        'zoo/deep/er/x',
        `${day(10)}/b.json`,
        `${day(10)}/a.json`,
        `${day(2)}/a.json`,
        'told.json',
        'first.json',
      ]);
      expect(page.below).toBeUndefined();
      expect(page.objects.at(-1)?.bytes).toBe('text of first.json'.length);
      // A store may date objects by whole seconds.
      for (const { writtenAt } of page.objects) expect(writtenAt).toBeGreaterThan(begun - 2_000);
    });

    it('give every key once over pages of any size', async () => {
      await put('a.b', 'a/b', 'a/b.c', 'a/c/d', 'a/c0', 'a0', 'b/c/d/e', 'b/c/f', 'c d+e%41', 'ä/ö');
      const whole = keysOf(await list());
      expect(whole).toHaveLength(10);
      expect(whole).toEqual(whole.toSorted().toReversed());
      for (const limit of [1, 2, 3, 9, 10]) {
        const keys: string[] = [];
        let below: string | undefined;
        do {
          const page = await list({ limit, ...(below === undefined ? {} : { below }) });
          expect(page.objects.length).toBeLessThanOrEqual(limit);
          keys.push(...keysOf(page));
          ({ below } = page);
        } while (below !== undefined);
        expect(keys).toEqual(whole);
      }
    });

    it('list only the keys with a prefix, also one that ends within a name', async () => {
      await put(`${day(2)}/a.json`, `${day(10)}/a.json`, `${day(11)}/b.json`, 'other/x');
      expect(keysOf(await list({ prefix: 'told/2027/01/1' }))).toEqual([`${day(11)}/b.json`, `${day(10)}/a.json`]);
      expect(keysOf(await list({ prefix: `${day(2)}/` }))).toEqual([`${day(2)}/a.json`]);
      expect(keysOf(await list({ prefix: 'told', below: `${day(11)}/b.json`, limit: 1 }))).toEqual([`${day(10)}/a.json`]);
      expect(keysOf(await list({ prefix: 'nobody' }))).toEqual([]);
    });

    it.each(['..', '../results', '/', '/told', 'told//', './told', 'told/../../results', 'told/..', '\0'])(
      'list nothing for the prefix %j, which names no folder of theirs',
      async (prefix) => {
        await put('told/x');
        const answer = await under.reader.list({ bucket: 'results', prefix, limit: 10 }, patient).catch(() => undefined);
        expect(answer?.kind === 'page' ? answer.objects : []).toEqual([]);
      },
    );

    it('read an object whole, or its beginning with its size', async () => {
      await under.put('told/x.json', 'ten bytes.');
      await under.put('told/empty', '');
      expect(await read('told/x.json')).toEqual(['ten bytes.', 10]);
      expect(await read('told/x.json', 3)).toEqual(['ten', 10]);
      expect(await read('told/empty')).toEqual(['', 0]);
      expect(await read('told')).toBe('no-object');
      expect(await read('told/x.json/y')).toBe('no-object');
    });

    it('fail with OBJECT_STORE_UNAVAILABLE if the store does not answer, or not in time', async () => {
      const fault = { code: 'OBJECT_STORE_UNAVAILABLE' };
      const query = { bucket: 'results', prefix: '', limit: 1 };
      await expect(under.unreachable.list(query, patient)).rejects.toMatchObject(fault);
      await expect(under.unreachable.read('results', 'x', 1, patient)).rejects.toMatchObject(fault);
      await put('told/x');
      await expect(under.reader.list(query, AbortSignal.abort())).rejects.toMatchObject(fault);
    });
  });
}
