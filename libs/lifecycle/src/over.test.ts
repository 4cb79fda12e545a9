import { expect, it } from 'vitest';
import { epochMs, type RecordPlace } from '#contracts';
import { builtAt, builtUrn } from '#testing';
import type { FoldedRecord } from './fold.ts';
import { type PlaceFate, vanishedEvents, vanishedMs } from './over.ts';

const waiting = {
  ...{ requestId: 'r1', functionUrn: builtUrn, project: 'p1', status: 'WAIT', errorCode: 0, errorMessage: '' },
  ...{ acceptedAt: builtAt, dueAt: epochMs(builtAt + 1_000), attempts: 0, deliveries: [] },
} as unknown as FoldedRecord;
const dueSince = (ms: number) => epochMs(builtAt + 1_000 + ms);
const place = (topic: RecordPlace['topic'], at = builtAt): RecordPlace => ({ topic, partition: 0, offset: 4, at });
const delayed = { ...waiting, places: [place('delays.2m')] };
const retried = { ...waiting, places: [place('delays.2m', epochMs(builtAt + 1)), place('invocations')] };

it.each<[claim: string, record: FoldedRecord, fates: readonly PlaceFate[], dueSinceMs: number, ends: boolean]>([
  ['is not over while somebody may hold it in memory', delayed, ['gone'], vanishedMs, false],
  ['is over then', delayed, ['gone'], vanishedMs + 1, true],
  ['is over at once if nobody can hold it', delayed, ['passed'], 0, true],
  ['is left alone if it has ended', { ...delayed, endedAt: builtAt }, ['gone'], vanishedMs + 1, false],
  ['is left alone while a topic holds it', delayed, ['open'], vanishedMs + 1, false],
  ['is left alone if somebody can have it read again', delayed, ['finished'], vanishedMs + 1, false],
  ['is left alone if no record of it is known', { ...waiting, places: [] }, [], vanishedMs + 1, false],
  ['is over after a try whose record is finished', retried, ['gone', 'finished'], vanishedMs + 1, true],
  ['is over after a try whose record is gone, too', retried, ['passed', 'gone'], 0, true],
  ['is left alone while its former record is not finished', retried, ['passed', 'open'], vanishedMs + 1, false],
  ['is left alone for a while after its attempt began', { ...delayed, startedAt: dueSince(1) }, ['gone'], vanishedMs + 1, false],
  [
    'is left alone for a while after its record was written',
    { ...delayed, places: [place('delays.2m', dueSince(1))] },
    ['gone'],
    vanishedMs + 1,
    false,
  ],
  [
    'is left alone while it may run',
    { ...delayed, status: 'RUNNING', expiresAt: dueSince(vanishedMs + 1) },
    ['gone'],
    vanishedMs + 1,
    false,
  ],
  [
    'is over after the last instant at which it may run',
    { ...delayed, status: 'RUNNING', expiresAt: dueSince(vanishedMs) },
    ['gone'],
    vanishedMs + 1,
    true,
  ],
])('an invocation whose record vanished %s', (_claim, record, fates, dueSinceMs, ends) => {
  const now = dueSince(dueSinceMs);
  const events = vanishedEvents(record, (one) => fates[record.places.indexOf(one)] ?? 'open', now);
  expect(events).toEqual(ends ? [expect.objectContaining({ kind: 'settled', isPresumed: true, endedAt: now })] : []);
});
