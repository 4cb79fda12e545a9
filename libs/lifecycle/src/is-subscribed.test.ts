import { expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { isSubscribed } from './is-subscribed.ts';

const fn = { id: 'mine', createdAt: epochMs(10) };

it.each([
  [{ functionId: 'mine' }, true],
  [{ functionId: 'another' }, false],
  [{ functionId: 'mine', createdAt: epochMs(9) }, true],
  [{ functionId: 'another', createdAt: epochMs(11) }, false],
  [{ createdAt: epochMs(9) }, false],
  [{ createdAt: epochMs(10) }, true],
  [{ createdAt: epochMs(11) }, true],
  [{}, true],
])('a subscription %j means the function: %j', (subscription, expected) => {
  expect(isSubscribed(subscription, fn)).toBe(expected);
});
