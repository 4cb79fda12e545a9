import { describe, expect, it } from 'vitest';
import { bareUrnOf } from '#contracts';
import { builtUrn, ManualClock } from '#testing';
import { AttemptQueue } from './attempt-queue.ts';
import { queuePlaceOf } from './queue-place-route.ts';

describe('the place of an invocation in an executor', () => {
  it('is told while it waits and while it runs, with the queue of its function', async () => {
    const queue = new AttemptQueue(8, new ManualClock());
    const held = new Set(['a', 'b', 'c']);
    const sources = {
      queue,
      running: { has: ({ requestId }: { readonly requestId: string }) => held.has(requestId) },
      functions: { ownMaxOf: () => 1 },
    };
    const ended = Promise.withResolvers<void>();
    const ticket = { runningMax: () => 1, ownMax: () => 1, dueAt: 0, bytes: 1, isAwaited: false };
    const { signal } = new AbortController();
    const runs = [...held].map(async (id) =>
      queue.run({ ...ticket, key: bareUrnOf(builtUrn), id, signal }, async () => ended.promise),
    );
    const ask = (requestId: string) => queuePlaceOf(sources, { functionUrn: builtUrn, requestId });
    const common = { waiting: 2, running: 1, limit: 1, allRunning: 1, allRunningMax: 8 };
    expect([ask('a'), ask('b'), ask('c'), ask('d')]).toEqual([
      { ...common, isRunning: true },
      { ...common, isRunning: false, place: 1 },
      { ...common, isRunning: false, place: 2 },
      { ...common, isRunning: false },
    ]);
    ended.resolve();
    await Promise.all(runs);
    held.clear();
    const unlimited = { ...sources, functions: { ownMaxOf: () => Number.POSITIVE_INFINITY } };
    expect(queuePlaceOf(unlimited, { functionUrn: builtUrn, requestId: 'a' })).toEqual({
      isRunning: false,
      waiting: 0,
      running: 0,
      allRunning: 0,
      allRunningMax: 8,
    });
  });
});
