/**
 * Goal: PostgreSQL keeps every promise of the port, and old records go with their partition.
 * Method: a real server; each test has a database of its own.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, type EpochMs } from '#contracts';
import type { StatusEvent } from '#lifecycle';
import { systemClock } from '#platform';
import { builtAt, builtUrn, ManualClock } from '#testing';
import { ask, postgresPrograms, type RunningPostgres, startPostgres } from '../../../../../test/postgres-server.ts';
import { statusStoreConformance } from '../../status-store.conformance.ts';
import { PostgresStatusStore } from './postgres-status-store.ts';

const programs = postgresPrograms();
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const retentionMs = 7 * dayMs;

describe.skipIf('missing' in programs)(`PostgreSQL${'missing' in programs ? ` (${programs.missing})` : ''}`, () => {
  let server: RunningPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => server.stop());

  statusStoreConformance('PostgreSQL', async () => {
    const url = await server.newDatabase();
    return {
      open: async () => PostgresStatusStore.open({ url, retentionMs }, systemClock, Math.random),
      remove: async () => undefined,
    };
  });

  it('the delayed invocations of a database from before the counts of due times are counted', async () => {
    const url = await server.newDatabase();
    const open = async () => PostgresStatusStore.open({ url, retentionMs }, systemClock, () => 0);
    const dueAt = epochMs(builtAt + 3_600_000);
    const before = await open();
    const subject = { requestId: 'r1', functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
    await before.fold([{ ...subject, kind: 'waiting', attempt: 2, dueAt, lastError: '' }], async () => undefined);
    await before.close();
    await ask(url, 'ALTER TABLE function_totals DROP COLUMN due, DROP COLUMN rejected');
    await ask(url, 'ALTER TABLE function_minutes DROP COLUMN due, DROP COLUMN rejected');
    await ask(url, 'DROP TABLE rejects, rejects_removed, reject_counts');
    await ask(url, 'ALTER TABLE invocations DROP COLUMN payload_ref, DROP COLUMN response_ref, DROP COLUMN failure_route');
    await ask(url, "DELETE FROM kysely_migration WHERE name >= '0008-due'");
    const after = await open();
    for (const functionUrn of [builtUrn, '']) {
      expect(await after.totals({ project: 'p1', functionUrns: [functionUrn], limit: 1 })).toMatchObject([{ tally: { due: 1 } }]);
      const minutes = await after.minutes('p1', [functionUrn], builtAt, dueAt + 60_000);
      expect(minutes.filter(({ tally }) => tally.due > 0)).toMatchObject([{ minute: dueAt, tally: { due: 1 } }]);
    }
    await after.close();
  });

  describe('old records', () => {
    const now = epochMs(Math.floor(1_800_000_000_000 / dayMs) * dayMs + hourMs);
    let url: string;
    let clock: ManualClock;
    let store: PostgresStatusStore;
    beforeEach(async () => {
      url = await server.newDatabase();
      clock = new ManualClock(now);
      store = await PostgresStatusStore.open({ url, retentionMs }, clock, () => 0);
    });
    afterEach(async () => store.close());

    const subject = (requestId: string, acceptedAt: EpochMs) => ({ requestId, functionUrn: builtUrn, project: 'p1', acceptedAt });
    const over = (requestId: string, acceptedAt: EpochMs): StatusEvent => ({
      ...subject(requestId, acceptedAt),
      kind: 'settled',
      condition: '',
      attempts: 1,
      startedAt: acceptedAt,
      endedAt: acceptedAt,
      errorMessage: '',
    });
    const living = (requestId: string, acceptedAt: EpochMs): StatusEvent => ({
      ...subject(requestId, acceptedAt),
      kind: 'queued',
      attempt: 1,
      lastError: '',
    });
    const put = async (...events: StatusEvent[]) => store.fold(events, async () => undefined);
    const page = async () => {
      const { records, count } = await store.query({
        project: 'p1',
        beginAt: epochMs(0),
        endAt: epochMs(now * 2),
        offset: 0,
        limit: 100,
      });
      return { ids: records.map(({ requestId }) => requestId), count };
    };
    const partitions = async () =>
      (await ask(url, `SELECT relname FROM pg_class WHERE relname ~ '^invocations_[0-9_]+$'`)).length;

    it('go with their partition, and those that live stay and are counted', async () => {
      await put(over('a', now), over('b', epochMs(now + 1)), living('c', epochMs(now + 2)), over('new', epochMs(now + dayMs)));
      const before = await partitions();
      expect(await store.sweep(now + dayMs - hourMs, 100)).toBe(2);
      expect(await partitions()).toBeLessThan(before);
      expect(await page()).toEqual({ ids: ['new', 'c'], count: 2 });
      await put(over('c', epochMs(now + 2)));
      expect(await store.sweep(now + dayMs - hourMs, 100)).toBe(1);
      expect(await page()).toEqual({ ids: ['new'], count: 1 });
    });

    it('stay until their whole partition is old', async () => {
      await put(over('a', now));
      expect(await store.sweep(now + hourMs, 100)).toBe(0);
      expect(await page()).toEqual({ ids: ['a'], count: 1 });
    });

    it('have partitions made for them before they come', async () => {
      const before = await partitions();
      await clock.advance(3 * dayMs);
      await store.sweep(0, 1);
      expect(await partitions()).toBe(before + 3);
      await store.sweep(0, 1);
      expect(await partitions()).toBe(before + 3);
    });
  });
});
