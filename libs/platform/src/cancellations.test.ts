import { describe, expect, it } from 'vitest';
import { encodeCancellation, encodePurge, epochMs, type Purge } from '#contracts';
import { type Cancellable, Cancellations } from './cancellations.ts';

const of = (requestId: string, project = 'p1', acceptedAt = 5): Cancellable => ({
  requestId,
  acceptedAt: epochMs(acceptedAt),
  functionUrn: `urn:fss:local:${project}:function:default:hello:latest`,
});
const recordOf = (cancellation: Cancellable) => {
  const { key = null, headers } = encodeCancellation('s.cancellations', cancellation);
  return { key, headers };
};

describe('Cancellations', () => {
  it('knows an invocation as cancelled by its request id and its function together', () => {
    const cancellations = new Cancellations();
    cancellations.add(recordOf(of('r1')));
    expect([cancellations.has(of('r1')), cancellations.has(of('r1', 'p2')), cancellations.has(of('r2'))]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('tells its listeners of each cancelled invocation once, though its record is read twice', () => {
    const cancellations = new Cancellations();
    const heard: string[] = [];
    cancellations.onCancelled(({ requestId }) => heard.push(requestId));
    for (const requestId of ['r1', 'r2', 'r1']) cancellations.add(recordOf(of(requestId)));
    expect(heard).toEqual(['r1', 'r2']);
  });

  it('forgets only the invocation that was cancelled first when it holds one more than its bound', () => {
    const cancellations = new Cancellations(3);
    for (const requestId of ['r1', 'r2', 'r3']) cancellations.add(recordOf(of(requestId)));
    cancellations.has(of('r1'));
    cancellations.add(recordOf(of('r4')));
    expect(['r1', 'r2', 'r3', 'r4'].filter((requestId) => cancellations.has(of(requestId)))).toEqual(['r2', 'r3', 'r4']);
  });

  it.each<[which: string, requestId: string, project: string, acceptedAt: number, isPurged: boolean]>([
    ['accepted at the time of the purge', 'r1', 'p1', 5, true],
    ['accepted 1 ms later', 'r2', 'p1', 6, false],
    ['of another function', 'r3', 'p2', 5, false],
  ])('a purge concerns an invocation %s: %#', (_which, requestId, project, acceptedAt, isPurged) => {
    const cancellations = new Cancellations();
    const heard: Purge[] = [];
    cancellations.onPurged((purge) => heard.push(purge));
    const purge = (acceptedUntil: number) => ({
      bareUrn: 'urn:fss:local:p1:function:default:hello',
      acceptedUntil: epochMs(acceptedUntil),
      includesRunning: false,
    });
    for (const until of [5, 2]) {
      const { key = null, headers } = encodePurge('s.cancellations', purge(until));
      cancellations.add({ key, headers });
    }
    expect([cancellations.has(of(requestId, project, acceptedAt)), heard]).toEqual([isPurged, [purge(5), purge(2)]]);
  });
});
