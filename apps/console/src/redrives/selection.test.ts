import { expect, it } from 'vitest';
import { conditionsOf, firstSelection, requestOf } from './selection.ts';

it('asks for all failed invocations at first, within the bounds of the form', () => {
  expect(requestOf(firstSelection)).toEqual({ of: 'failed', rate: 10, canary: 0, stop_at: 0.5, limit: 10_000 });
});

it('asks for failed invocations by each field', () => {
  const request = requestOf({
    ...firstSelection,
    function: 'default:hello',
    condition: 'InvocationTimeout',
    status: 'FAIL',
    errorText: ' no luck ',
    target: 'OBS:results/',
    isMadeAnew: true,
    from: '2026-11-25T08:00',
    to: '2026-11-25T09:30',
    limit: 7,
  });
  expect(request).toMatchObject({ function: 'default:hello', condition: 'InvocationTimeout', status: 'FAIL', limit: 7 });
  expect(request).toMatchObject({ error_text: 'no luck', made_anew: true });
  // The fields hold local times.
  expect(request.begin_time).toBe(new Date('2026-11-25T08:00').toISOString().slice(0, 19));
  expect(request.end_time).toBe(new Date('2026-11-25T09:30').toISOString().slice(0, 19));
  expect(request).not.toHaveProperty('target');
});

it('asks for undelivered notices by target, and leaves out the fields of invocations', () => {
  const form = {
    ...firstSelection,
    of: 'undelivered',
    condition: 'SystemError',
    status: 'FAIL',
    errorText: 'x',
    isMadeAnew: true,
  } as const;
  expect(requestOf({ ...form, target: 'DIS:orders' })).toEqual({
    of: 'undelivered',
    target: 'DIS:orders',
    rate: 10,
    canary: 0,
    stop_at: 0.5,
    limit: 10_000,
  });
});

it('leaves an emptied amount to the API', () => {
  const amounts = { rate: '', canary: '', stopPercent: '', limit: '' };
  expect(requestOf({ ...firstSelection, ...amounts })).toEqual({ of: 'failed' });
});

it('offers the conditions of a status', () => {
  expect(conditionsOf('DISCARD')).toEqual(['EventAgeExceeded', 'RecursionDetected']);
  expect(conditionsOf('')).toHaveLength(conditionsOf('FAIL').length + 2);
});
