import { describe, expect, it } from 'vitest';
import { judge, type Measured } from './verdict.ts';

const sound: Measured = {
  function: 'f',
  seconds: 60,
  accepted: { http: 10, kafka: 10 },
  refused: { http: 0, kafka: 0 },
  lost: [],
  open: [],
  failed: [],
  repeats: 0,
  unaccounted: [],
  notices: { pending: 0, delivered: 20, undelivered: 0 },
  lateness: { starts: 20, average_ms: 3, max_ms: 100 },
  is_http_only: false,
  is_ended_early: false,
};
const broken = (change: Partial<Measured>, mustSucceed = true) =>
  judge({ ...sound, ...change }, { latenessMsMax: 100, mustSucceed })
    .filter(({ is_held: isHeld }) => !isHeld)
    .map(({ promise }) => promise);

describe('judge', () => {
  it.each<[what: string, change: Partial<Measured>]>([
    ['a sound run', {}],
    ['repeats and refusals, which nobody promised away', { repeats: 3, refused: { http: 4, kafka: 2 } }],
    ['no Kafka door, if no brokers are known', { accepted: { http: 1, kafka: 0 }, is_http_only: true }],
    ['a run that ended before the Kafka door was used', { accepted: { http: 1, kafka: 0 }, is_ended_early: true }],
  ])('holds for %s', (_what, change) => {
    expect(broken(change)).toEqual([]);
  });

  it.each<[promise: string, change: Partial<Measured>]>([
    ['both doors accept', { accepted: { http: 0, kafka: 10 } }],
    ['both doors accept', { accepted: { http: 10, kafka: 0 } }],
    ['nothing accepted is lost', { lost: ['r1'] }],
    ['everything accepted ends', { open: ['r1'] }],
    ['nothing fails', { failed: ['r1'] }],
    ['the ledger accounts for all', { unaccounted: ['r1'] }],
    ['the ledger accounts for all', { unaccounted: undefined }],
    ['every notice is delivered', { notices: { pending: 1, delivered: 19, undelivered: 0 } }],
    ['every notice is delivered', { notices: { pending: 0, delivered: 19, undelivered: 1 } }],
    ['delayed ones start within 100 ms', { lateness: { starts: 20, average_ms: 3, max_ms: 101 } }],
    ['delayed ones start within 100 ms', { lateness: { starts: 0, average_ms: 0, max_ms: 0 } }],
  ])('finds broken: %s', (promise, change) => {
    expect(broken(change)).toEqual([promise]);
  });

  it('a function of the user may fail', () => {
    expect(broken({ failed: ['r1'] }, false)).toEqual([]);
  });
});
