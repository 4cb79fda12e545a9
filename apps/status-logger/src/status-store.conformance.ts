import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, type StatusQuery } from '#contracts';
import type { FoldedRecord } from '#lifecycle';
import { builtAt, builtUrn } from '#testing';
import type { StatusStore } from './status-store.ts';

const aRecord = (given: Partial<FoldedRecord> = {}): FoldedRecord => ({
  requestId: 'r1',
  functionUrn: builtUrn,
  project: 'p1',
  status: 'SUCCESS',
  errorCode: 0,
  errorMessage: '',
  acceptedAt: builtAt,
  startedAt: epochMs(builtAt + 1),
  endedAt: epochMs(builtAt + 2),
  attempts: 1,
  deliveries: [{ deliveryId: 'DIS:x', state: 'delivered', tries: 1, at: epochMs(builtAt + 3) }],
  stage: 9,
  ...given,
});

const all: StatusQuery = { project: 'p1', beginAt: epochMs(0), endAt: epochMs(builtAt * 2), offset: 0, limit: 100 };

/** The promises of a status store. */
export function statusStoreConformance(name: string, open: () => Promise<StatusStore>): void {
  describe(`${name} as a status store`, () => {
    let store: StatusStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(async () => store.close());

    const ids = async (query: Partial<StatusQuery>) =>
      (await store.query({ ...all, ...query })).records.map(({ requestId }) => requestId);

    it('gives back what was written', async () => {
      const { dueAt: _none, ...record } = aRecord();
      await store.write([record]);
      expect((await store.read(['r1', 'r2'])).get('r1')).toEqual(record);
    });

    it('overwrites a record of the same request id', async () => {
      await store.write([aRecord({ status: 'WAIT' })]);
      await store.write([aRecord({ status: 'FAIL' })]);
      expect((await store.query(all)).records.map(({ status }) => status)).toEqual(['FAIL']);
    });

    it('lists a record whose delivery was heard of first by the function it turns out to be of', async () => {
      await store.write([aRecord({ functionUrn: '', project: '', acceptedAt: epochMs(0) })]);
      await store.write([aRecord()]);
      expect(await ids({ functionUrns: [builtUrn] })).toEqual(['r1']);
      expect(await ids({ project: '' })).toEqual([]);
    });

    it('writes all records or none, and goes on', async () => {
      const unwritable = aRecord({ requestId: 'r2', errorMessage: Symbol('no text') as unknown as string });
      await expect(store.write([aRecord(), unwritable])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect((await store.read(['r1', 'r2'])).size).toBe(0);
      await store.write([aRecord()]);
      expect(await ids({})).toEqual(['r1']);
    });

    it('answers newest first, in pages, with the count of all', async () => {
      await store.write(
        Array.from({ length: 1_234 }, (_, index) => aRecord({ requestId: `r${index}`, acceptedAt: epochMs(builtAt + index) })),
      );
      const page = await store.query({ ...all, offset: 500, limit: 2 });
      expect([page.records.map(({ requestId }) => requestId), page.count]).toEqual([['r733', 'r732'], 1_234]);
      expect((await store.read(Array.from({ length: 1_234 }, (_, index) => `r${index}`))).size).toBe(1_234);
    });

    it('filters by each field', async () => {
      await store.write([
        aRecord({ requestId: 'a' }),
        aRecord({ requestId: 'b', status: 'FAIL' }),
        aRecord({ requestId: 'c', functionUrn: 'other' }),
        aRecord({ requestId: 'd', project: 'p2' }),
      ]);
      expect(await ids({ functionUrns: [builtUrn] })).toEqual(['a', 'b']);
      expect(await ids({ statuses: ['FAIL'] })).toEqual(['b']);
      expect(await ids({ requestIds: ['a', 'd'] })).toEqual(['a']);
      expect(await ids({ requestIds: [] })).toEqual([]);
      expect(await ids({ project: 'p2' })).toEqual(['d']);
    });

    it('counts both ends of the window in', async () => {
      await store.write([aRecord()]);
      expect(await ids({ beginAt: builtAt, endAt: builtAt })).toEqual(['r1']);
      expect(await ids({ beginAt: epochMs(builtAt + 1) })).toEqual([]);
      expect(await ids({ endAt: epochMs(builtAt - 1) })).toEqual([]);
    });

    it('sweeps what is old, no more than asked', async () => {
      await store.write(['a', 'b', 'c'].map((requestId) => aRecord({ requestId })));
      expect(await store.sweep(builtAt, 10)).toBe(0);
      expect(await store.sweep(builtAt + 1, 2)).toBe(2);
      expect((await store.query(all)).count).toBe(1);
    });
  });
}
