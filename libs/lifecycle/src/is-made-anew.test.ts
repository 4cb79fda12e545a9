import { expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { type AcceptedEvent, isMadeAnew, type NamesakesNow } from './is-made-anew.ts';

const acceptedAt = epochMs(10);
const mine = { id: 'mine', createdAt: epochMs(9) };
const another = { id: 'another', createdAt: epochMs(11) };
const v1 = { id: 'mine', versionId: 'v1-of-mine' };
const v1OfAnother = { id: 'another', versionId: 'v1-of-another' };
const live = { alias: 'live' };

it.each<[claim: string, event: Partial<AcceptedEvent>, now: NamesakesNow, expected: boolean]>([
  ['the same function', { functionId: 'mine' }, { function: mine, version: mine }, false],
  ['another function', { functionId: 'mine' }, { function: another, version: another }, true],
  [
    'another function whose clock was behind',
    { functionId: 'mine' },
    { function: { ...another, createdAt: epochMs(1) }, version: another },
    true,
  ],
  ['no id, and an older function', {}, { function: mine, version: mine }, false],
  ['no id, and a function as old', {}, { function: { ...mine, createdAt: acceptedAt }, version: mine }, false],
  ['no id, and a younger function', {}, { function: another, version: another }, true],
  ['the same version', { functionId: 'v1-of-mine' }, { function: mine, version: v1 }, false],
  ['a version that was published anew', { functionId: 'v1-before' }, { function: mine, version: v1 }, true],
  ['a version without an id that was published anew', { functionId: 'mine' }, { function: mine, version: v1 }, true],
  ['a version that another function left behind', { functionId: 'v1-of-mine' }, { function: another, version: v1 }, true],
  ['a version that nothing has', { functionId: 'v1-of-mine' }, { function: mine, version: undefined }, false],
  ['an alias of the same version', { ...live, functionId: 'v1-of-mine' }, { function: mine, version: v1 }, false],
  ['an alias of latest', { ...live, functionId: 'mine' }, { function: { ...mine, createdAt: epochMs(11) }, version: v1 }, false],
  ['an alias of a version that is gone', { ...live, functionId: 'v0-of-mine' }, { function: mine, version: undefined }, false],
  ['an alias of a version that was published anew', { ...live, functionId: 'v1-before' }, { function: mine, version: v1 }, false],
  ['an alias of another function', { ...live, functionId: 'v1-of-mine' }, { function: another, version: v1OfAnother }, true],
  [
    'an alias of another function without the version',
    { ...live, functionId: 'v1-of-mine' },
    { function: another, version: undefined },
    true,
  ],
])('%s', (_claim, event, now, expected) => {
  expect(isMadeAnew({ acceptedAt, ...event }, now)).toBe(expected);
});
