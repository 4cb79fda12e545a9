import { expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { builtAt, builtUrn } from '#testing';
import type { FoldedRecord } from './fold.ts';
import { vanishedEvents, vanishedMs } from './over.ts';

const waiting = {
  ...{ requestId: 'r1', functionUrn: builtUrn, project: 'p1', status: 'WAIT', errorCode: 0, errorMessage: '' },
  ...{ acceptedAt: builtAt, dueAt: epochMs(builtAt + 1_000), attempts: 0, deliveries: [] },
} as unknown as FoldedRecord;
const dueSince = (ms: number) => epochMs(builtAt + 1_000 + ms);

it.each<[claim: string, record: FoldedRecord, dueSinceMs: number, ends: boolean]>([
  ['is not over while somebody may hold it in memory', waiting, vanishedMs, false],
  ['is over then', waiting, vanishedMs + 1, true],
  ['is left alone if it has ended', { ...waiting, endedAt: builtAt }, vanishedMs + 1, false],
  ['is left alone while an attempt of it runs', { ...waiting, startedAt: dueSince(1) }, vanishedMs + 1, false],
])('an invocation whose waiting record vanished %s', (_claim, record, dueSinceMs, ends) => {
  const events = vanishedEvents(record, dueSince(dueSinceMs));
  expect(events.map(({ kind }) => kind)).toEqual(ends ? ['settled'] : []);
});
