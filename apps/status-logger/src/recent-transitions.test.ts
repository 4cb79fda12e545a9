import { describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import type { StatusEvent } from '#lifecycle';
import { builtAt, builtUrn } from '#testing';
import { RecentTransitions } from './recent-transitions.ts';
import { foldEvents } from './status-changes.ts';

const subject = { requestId: 'r1', functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
const running = (ms: number, given: Partial<typeof subject> = {}): StatusEvent => ({
  ...subject,
  kind: 'running',
  attempt: 1,
  startedAt: epochMs(builtAt + ms),
  ...given,
});
const recentOf = (events: readonly StatusEvent[], max?: number) => {
  const recent = new RecentTransitions('a', max);
  recent.add(foldEvents(new Map(), events).changes);
  return recent;
};
const start = { project: 'p1', process: 'a', number: 0 };
const numbers = (recent: RecentTransitions, question = start) => recent.after(question).transitions.map(({ number }) => number);

describe('recent transitions', () => {
  it('are told once, with the status after them', () => {
    const settled: StatusEvent = {
      ...subject,
      kind: 'settled',
      condition: '',
      attempts: 1,
      startedAt: epochMs(builtAt + 1),
      endedAt: epochMs(builtAt + 2),
      errorMessage: '',
    };
    const page = recentOf([running(1), running(1), settled]).after(start);
    expect(page).toMatchObject({ place: { process: 'a', number: 2 }, isGap: false, hasMore: false });
    expect(page.transitions.map(({ status, transition }) => [status, transition.kind])).toEqual([
      ['RUNNING', 'started'],
      ['SUCCESS', 'settled'],
    ]);
  });

  it('have the status after each of them, also if a settlement tells of two', () => {
    const settled = { ...subject, kind: 'settled', condition: 'EventAgeExceeded', errorMessage: '' } as const;
    const times = { attempts: 1, startedAt: epochMs(builtAt + 1), endedAt: epochMs(builtAt + 2) };
    const delivery = { deliveryId: 'DIS:x', state: 'pending', tries: 0, at: epochMs(builtAt + 3) } as const;
    const place = { topic: 'invocations', partition: 0, offset: 0, at: builtAt } as const;
    const queued: StatusEvent = { ...subject, kind: 'queued', attempt: 1, lastError: '', place };
    const events: StatusEvent[] = [{ ...settled, ...times }, { kind: 'delivery', requestId: 'r1', delivery }, queued];
    const { transitions } = recentOf(events).after(start);
    expect(transitions.map(({ status, transition }) => [transition.kind, status])).toEqual([
      ['started', 'RUNNING'],
      ['settled', 'DISCARD'],
      ['notice-pending', 'DISCARD'],
      ['queued', 'WAIT'],
    ]);
  });

  it('of an unknown function are told when it is known', () => {
    const delivery = { deliveryId: 'DIS:x', state: 'delivered', tries: 1, at: builtAt } as const;
    const { transitions } = recentOf([{ kind: 'delivery', requestId: 'r1', delivery }, running(1)]).after(start);
    expect(transitions.map(({ transition }) => transition.kind)).toEqual(['notice-delivered', 'started']);
  });

  it('begin now without a place, and are those of one project', () => {
    const recent = recentOf([running(1), running(2, { project: 'p2', requestId: 'r2' }), running(3)]);
    expect(recent.after({ project: 'p1' })).toEqual({
      place: { process: 'a', number: 3 },
      transitions: [],
      isGap: false,
      hasMore: false,
    });
    expect(numbers(recent)).toEqual([1, 3]);
    expect(numbers(recent, { ...start, process: 'a', number: 1 })).toEqual([3]);
  });

  it('tell a gap when older ones are gone, and when another process held them', () => {
    const events = Array.from({ length: 16 }, (_, index) => running(index, { requestId: `r${index}` }));
    const recent = recentOf(events, 10);
    expect([recent.after(start).isGap, numbers(recent)[0]]).toEqual([true, 7]);
    expect(recent.after({ ...start, process: 'a', number: 6 }).isGap).toBe(false);
    expect(recent.after({ ...start, process: 'b', number: 6 })).toMatchObject({ isGap: true, transitions: [] });
    expect(recent.after({ ...start, process: 'a', number: 99 }).isGap).toBe(true);
  });

  it('come in pages', () => {
    const events = Array.from({ length: 1_500 }, (_, index) => running(index, { requestId: `r${index}` }));
    const page = recentOf(events).after(start);
    expect([page.transitions.length, page.place.number, page.hasMore]).toEqual([1_000, 1_000, true]);
  });
});
