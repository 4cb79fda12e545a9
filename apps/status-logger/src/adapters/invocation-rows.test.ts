import { describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import type { FoldedRecord } from '#lifecycle';
import { builtAt, builtUrn } from '#testing';
import { invocationColumns, recordOf, rowOf } from './invocation-rows.ts';

const least: FoldedRecord = {
  requestId: 'r1',
  functionUrn: builtUrn,
  project: 'p1',
  status: 'WAIT',
  errorCode: 0,
  errorMessage: '',
  acceptedAt: builtAt,
  attempts: 0,
  tags: [],
  deliveries: [],
  stage: -1,
  places: [],
  history: { transitions: [], isCut: false },
};
const most: FoldedRecord = {
  ...least,
  startedAt: epochMs(builtAt + 1),
  endedAt: epochMs(builtAt + 2),
  dueAt: epochMs(builtAt + 3),
  deliveries: [{ deliveryId: 'DIS:x', state: 'delivered', tries: 1, at: epochMs(builtAt + 4) }],
  stage: Number.MAX_SAFE_INTEGER,
  lateMs: 12,
  payloadRef: 'a'.repeat(128),
  responseRef: 'b'.repeat(128),
  failureRoute: '{}',
  places: [
    { topic: 'invocations', partition: 2, offset: 7, at: epochMs(builtAt + 5) },
    { topic: 'delays.near', partition: 0, offset: 3, at: epochMs(builtAt) },
  ],
  expiresAt: epochMs(builtAt + 5),
  history: {
    transitions: [
      { at: builtAt, kind: 'queued', attempt: 1 },
      { at: builtAt, kind: 'delayed', attempt: 2, dueAt: epochMs(builtAt + 3), error: 'broke' },
      { at: builtAt, kind: 'queued-bulk', attempt: 2, chance: 2 },
      { at: builtAt, kind: 'started', attempt: 2 },
      { at: builtAt, kind: 'settled', attempt: 2, condition: 'OutOfMemory', error: 'too much' },
      { at: builtAt, kind: 'notice-pending', attempt: 0, deliveryId: 'DIS:x' },
      { at: builtAt, kind: 'notice-delivered', attempt: 1, deliveryId: 'DIS:x' },
      { at: builtAt, kind: 'notice-undelivered', attempt: 1, deliveryId: 'DIS:x', error: 'gone' },
    ],
    isCut: true,
  },
};

describe('the row of an invocation', () => {
  it.each([
    ['with all fields', most],
    ['with the fewest fields', least],
  ])('a record %s survives being a row', (_which, record) => {
    expect(recordOf(rowOf(record))).toStrictEqual(record);
  });

  it('a row lists its columns in the order in which statements bind them', () => {
    expect(Object.keys(rowOf(least))).toEqual(invocationColumns);
  });
});
