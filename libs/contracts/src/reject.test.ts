/**
 * Goal: a reject counts for a function only if the service that refused the record says so. No
 * text of a stranger becomes a name or a code of the ledger.
 */
import { describe, expect, it } from 'vitest';
import { epochMs } from './epoch-ms.ts';
import { PlatformError } from './errors.ts';
import type { IncomingRecord } from './record.ts';
import { addRejects, readReject, refusedFor, rejectFacts, rejectsOf } from './reject.ts';

const functionUrn = 'urn:fss:local:p1:function:default:hello:latest';
const written = {
  'reject-reason': 'CONTRACT_VIOLATED: the value is not JSON',
  'reject-code': 'record-malformed',
  'reject-function': functionUrn,
  'reject-project': 'p1',
  'reject-topic': 'sendoff.intake',
  'reject-partition': '2',
  'reject-offset': '41',
  'reject-timestamp': '1000',
};
const aReject = (headers: Readonly<Record<string, string | undefined>>): IncomingRecord => ({
  topic: 'sendoff.rejects',
  partition: 0,
  offset: 7n,
  timestamp: epochMs(2_000),
  bytes: 100,
  key: null,
  value: null,
  headers: Object.fromEntries(Object.entries({ ...written, ...headers }).filter(([, text]) => text !== undefined)) as Record<
    string,
    string
  >,
});
const read = (headers: Readonly<Record<string, string | undefined>>) => readReject(aReject(headers), 'sendoff.intake');

describe('readReject', () => {
  it('reads why, for which function and which record was refused', () => {
    expect(read({})).toEqual({
      code: 'record-malformed',
      functionUrn,
      project: 'p1',
      reason: 'CONTRACT_VIOLATED: the value is not JSON',
      origin: { partition: 2, offset: 41, at: 1_000 },
      partition: 0,
      offset: 7,
      at: 2_000,
    });
  });

  it.each<[what: string, headers: Readonly<Record<string, string | undefined>>]>([
    ['no function', { 'reject-function': undefined }],
    ['a name that is no URN', { 'reject-function': 'hello' }],
    ['a URN of seven fields', { 'reject-function': 'urn:fss:local:p1:function:default:hello' }],
    ['a name that is too long', { 'reject-function': functionUrn.replace('hello', 'h'.repeat(61)) }],
    ['a function of another project', { 'reject-project': 'p2' }],
    ['no project', { 'reject-project': undefined }],
  ])('reads %s as no function', (_what, headers) => {
    expect(read(headers)).toMatchObject({ functionUrn: '', project: '' });
  });

  it('reads a code of another release, and none, as other', () => {
    expect([read({ 'reject-code': 'made-up' })?.code, read({ 'reject-code': undefined })?.code]).toEqual(['other', 'other']);
  });

  it('reads a reject of an earlier release, which has no time of the original', () => {
    expect(read({ 'reject-timestamp': undefined })?.origin).toEqual({ partition: 2, offset: 41, at: 0 });
  });

  it.each<[what: string, headers: Readonly<Record<string, string | undefined>>]>([
    ['of another topic', { 'reject-topic': 'sendoff.settlements' }],
    ['without an offset', { 'reject-offset': undefined }],
    ['with an offset that is no number', { 'reject-offset': '1e3' }],
    ['with a partition below 0', { 'reject-partition': '-1' }],
  ])('reads nothing of a record %s', (_what, headers) => {
    expect(read(headers)).toBeUndefined();
  });

  it('cuts the reason, and keeps no control character of it', () => {
    const reason = read({ 'reject-reason': `a\0b${'x'.repeat(1_000)}` })?.reason;
    expect([reason?.length, reason?.slice(0, 7)]).toEqual([512, 'a\\u{0}b']);
  });
});

describe('rejectFacts', () => {
  const fault = new PlatformError('CONTRACT_VIOLATED', { details: { reason: 'odd' } });
  const forged = { 'reject-function': 'f', 'reject-project': 'p', 'reject-code': 'other', own: 'kept' };

  it('replaces headers of the producer, also if it has nothing to say about the function', () => {
    const subject = { functionUrn, project: 'p1' };
    expect(rejectFacts(forged, refusedFor(fault, 'record-malformed', subject))).toEqual({
      own: 'kept',
      'reject-code': 'record-malformed',
      'reject-function': functionUrn,
      'reject-project': 'p1',
    });
    expect(rejectFacts(forged, fault)).toEqual({ own: 'kept', 'reject-code': 'other' });
  });

  it('keeps the code that the fault has already', () => {
    const known = new PlatformError('CONTRACT_VIOLATED', { details: { reason: 'odd', rejectCode: 'alias-unknown' } });
    expect(rejectFacts({}, refusedFor(known, 'record-malformed', undefined))).toEqual({ 'reject-code': 'alias-unknown' });
    expect(refusedFor(known, 'other', undefined).message).toBe(known.message);
  });
});

it('counts add up by code', () => {
  const sum = addRejects([{ other: 1, 'alias-unknown': 2 }, {}, { other: 3 }]);
  expect([sum, rejectsOf(sum)]).toEqual([{ other: 4, 'alias-unknown': 2 }, 6]);
});
