/**
 * Goal: a question of the ingress is checked field by field, at a cost that grows with its size.
 */
import { BadRequestException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { ReadQuestion, RecordsController, whileStoring } from './records.controller.ts';
import { RecentTransitions } from './recent-transitions.ts';
import { StatusQueryDto } from './status-query.dto.ts';
import type { StatusStore } from './status-store.ts';

const question = { project: 'p1', beginAt: 0, endAt: 1, offset: 0, limit: 10 };
const faultOf = (body: unknown): unknown => {
  try {
    return new ReadQuestion(StatusQueryDto).transform(body);
  } catch (error) {
    return error instanceof BadRequestException ? error.getResponse() : error;
  }
};

describe('ReadQuestion', () => {
  it('accepts a question, and drops fields that it does not know', () => {
    expect(faultOf({ ...question, other: 1 })).toEqual(question);
  });

  it.each<[what: string, body: unknown, fault: RegExp]>([
    ['no body', undefined, /at most 20 fields/],
    ['many fields', Object.fromEntries(Array.from({ length: 85_000 }, (_, index) => [`f${index}`, 1])), /at most 20 fields/],
    ['a missing field', { ...question, limit: undefined }, /limit must/],
    ['a field out of range', { ...question, limit: 501 }, /limit must not be greater than 500/],
    ['a list that is too long', { ...question, requestIds: Array(101).fill('a') }, /requestIds must contain no more than 100/],
  ])('refuses %s', (_what, body, fault) => {
    expect(JSON.stringify(faultOf(body))).toMatch(fault);
  });
});

it('a question is answered after the store has caught up, or at the end of the wait', async () => {
  const steps: string[] = [];
  const store: Pick<StatusStore, 'query'> = {
    query: async () => {
      steps.push('asked');
      return { records: [], total: 0 } as unknown as Awaited<ReturnType<StatusStore['query']>>;
    },
  };
  const catchUp = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    steps.push('caught up');
    return false;
  };
  const page = await new RecordsController(store as StatusStore, catchUp, new RecentTransitions('a')).query(
    new ReadQuestion(StatusQueryDto).transform(question),
  );
  expect([steps, page.isBehind]).toEqual([['caught up', 'asked'], true]);
});

it.each<[when: string, before: boolean, after: boolean]>([
  ['before the wait', false, false],
  ['during the wait', true, false],
])('a question is refused if records could not be stored %s', async (_when, before, after) => {
  const recorder = { isStoring: before };
  const catchUp = whileStoring(recorder, async () => {
    recorder.isStoring = after;
    return false;
  });
  await expect(catchUp(1_000)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  recorder.isStoring = true;
  await expect(whileStoring(recorder, async () => true)(1_000)).resolves.toBe(true);
});
