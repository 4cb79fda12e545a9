import { describe, expect, it } from 'vitest';
import { type Cancellation, encodeCancellation } from '#contracts';
import { Cancellations } from './cancellations.ts';

const of = (requestId: string, project = 'p1'): Cancellation => ({
  requestId,
  functionUrn: `urn:fss:local:${project}:function:default:hello:latest`,
});
const recordOf = (cancellation: Cancellation) => {
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
});
