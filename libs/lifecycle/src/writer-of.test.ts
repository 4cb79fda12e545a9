import { describe, expect, it } from 'vitest';
import { type Transition, type TransitionKind } from '#contracts';
import { builtAt } from '#testing';
import { type Writer, writersOf } from './writer-of.ts';

type Step = [kind: TransitionKind, attempt: number, more?: Partial<Transition>];
const story = (...steps: Step[]): Transition[] => steps.map(([kind, attempt, more]) => ({ at: builtAt, kind, attempt, ...more }));

describe('the writer of a transition', () => {
  it.each<[story: string, Step[], Writer[]]>([
    [
      'a success',
      [
        ['queued', 1],
        ['started', 1],
        ['settled', 1],
      ],
      ['ingress', 'executor', 'executor'],
    ],
    [
      'a move to the bulk lane',
      [
        ['queued', 1],
        ['queued-bulk', 1],
      ],
      ['ingress', 'executor'],
    ],
    ['a flood at the ingress', [['queued-bulk', 1]], ['ingress']],
    [
      'an attempt that is counted again',
      [
        ['queued', 1],
        ['queued', 1, { chance: 2 }],
      ],
      ['ingress', 'executor'],
    ],
    [
      'a delay over two topics',
      [
        ['delayed', 1],
        ['delayed', 1],
        ['queued', 1],
      ],
      ['ingress', 'retry-scheduler', 'retry-scheduler'],
    ],
    [
      'a retry',
      [
        ['queued', 1],
        ['started', 1],
        ['delayed', 2],
        ['queued', 2],
        ['settled', 2],
      ],
      ['ingress', 'executor', 'executor', 'retry-scheduler', 'executor'],
    ],
    [
      'an end while it is delayed',
      [
        ['delayed', 1],
        ['settled', 0],
      ],
      ['ingress', 'retry-scheduler'],
    ],
    ['an end without a record', [['settled', 0, { condition: 'RecursionDetected' }]], ['ingress']],
    [
      'an attempt of a paused function',
      [
        ['queued', 1],
        ['delayed', 1],
        ['queued', 1],
      ],
      ['ingress', 'executor', 'retry-scheduler'],
    ],
    [
      'a notice',
      [
        ['settled', 1],
        ['notice-pending', 0],
        ['notice-pending', 1],
        ['notice-delivered', 2],
        ['notice-undelivered', 2],
      ],
      ['executor', 'executor', 'notifier', 'notifier', 'notifier'],
    ],
  ])('%s', (_story, steps, writers) => {
    expect(writersOf(story(...steps))).toEqual(writers);
  });
});
