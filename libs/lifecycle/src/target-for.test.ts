import { describe, expect, it } from 'vitest';
import type { Condition, Target } from '#contracts';
import { anInvocation } from '#testing';
import { targetFor } from './target-for.ts';

const stream: Target = { type: 'DIS', streamName: 'orders' };
const store: Target = { type: 'OBS', bucket: 'results', prefix: '', expiresDays: 0 };

describe('the target for an outcome', () => {
  const invocation = anInvocation({ policy: { destinations: { onSuccess: stream, onFailure: store } } });
  it.each<[Condition, Target]>([
    ['', stream],
    ['HandledInvocationError', store],
    ['InvocationCanceled', store],
    ['EventAgeExceeded', store],
    ['RecursionDetected', store],
  ])('with the condition %j is the one that the policy names for its status', (condition, target) => {
    expect(targetFor({ condition, invocation })).toBe(target);
  });

  it('is undefined if the policy names none for it', () => {
    expect(targetFor({ condition: '', invocation: anInvocation() })).toBeUndefined();
    const onlySuccess = anInvocation({ policy: { destinations: { onSuccess: stream } } });
    expect(targetFor({ condition: 'OutOfMemory', invocation: onlySuccess })).toBeUndefined();
  });
});
