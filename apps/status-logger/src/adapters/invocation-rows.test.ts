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
  deliveries: [],
  stage: -1,
  places: [],
};
const most: FoldedRecord = {
  ...least,
  startedAt: epochMs(builtAt + 1),
  endedAt: epochMs(builtAt + 2),
  dueAt: epochMs(builtAt + 3),
  deliveries: [{ deliveryId: 'DIS:x', state: 'delivered', tries: 1, at: epochMs(builtAt + 4) }],
  stage: Number.MAX_SAFE_INTEGER,
  places: [
    { topic: 'invocations', partition: 2, offset: 7, at: epochMs(builtAt + 5) },
    { topic: 'delays.near', partition: 0, offset: 3, at: epochMs(builtAt) },
  ],
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
