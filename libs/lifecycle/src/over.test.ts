import { expect, it } from 'vitest';
import { epochMs, type RecordPlace } from '#contracts';
import { builtAt, builtUrn } from '#testing';
import type { FoldedRecord } from './fold.ts';
import { droppedEvents, vanishedEvents, vanishedMs } from './over.ts';

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

const place = (topic: RecordPlace['topic'], offset: number): RecordPlace => ({ topic, partition: 0, offset, at: builtAt });
const queued = { ...waiting, places: [place('invocations', 4)] };

it.each<[claim: string, record: FoldedRecord, ends: boolean]>([
  ['is over', queued, true],
  ['is left alone if the partition begins with it', { ...queued, places: [place('invocations', 5)] }, false],
  ['is left alone if another lane holds it', { ...queued, places: [...queued.places, place('invocations.bulk', 9)] }, false],
  ['is over if it was delayed before', { ...queued, places: [place('delays.2m', 9), ...queued.places] }, true],
  ['is left alone if it was in no lane', { ...queued, places: [place('delays.2m', 0)] }, false],
  ['is left alone if it has ended', { ...queued, endedAt: builtAt }, false],
])('an invocation whose record a lane dropped %s', (_claim, record, ends) => {
  const startOf = ({ topic }: RecordPlace) => (topic.startsWith('invocations') ? 5n : undefined);
  const events = droppedEvents(record, startOf, builtAt);
  expect(events).toEqual(
    ends ? [expect.objectContaining({ kind: 'settled', condition: 'EventAgeExceeded', endedAt: builtAt })] : [],
  );
});
