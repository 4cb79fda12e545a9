import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeActivity } from '#contracts';
import { asIncoming, builtAt } from '#testing';
import { eventsOf, statusLine } from './status-events.ts';

const transition = { functionUrn: 'urn', requestId: 'r1', status: 'FAIL', at: 1, errorCode: 4202, errorMessage: '' } as const;
const words = fc.oneof(
  fc
    .array(fc.constantFrom('|', '\n', '\r', '\u2028', '\u0085', '\u001b[1A', 'urn|r2|2|1|0|', '\\u{7c}'))
    .map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
);

describe('the end of a delivery', () => {
  it('begins those that follow it', () => {
    const ended = {
      kind: 'delivery-ended',
      requestId: 'r1',
      deliveryId: 'SMN:t',
      state: 'delivered',
      tries: 1,
      at: builtAt,
    } as const;
    const record = asIncoming(encodeActivity('activity', { ...ended, followedBy: ['Subscription:a', 'Subscription:b'] }));
    const begun = { state: 'pending', tries: 0, at: builtAt };
    expect(eventsOf('activity', record).events).toMatchObject([
      { requestId: 'r1', delivery: { deliveryId: 'SMN:t', state: 'delivered', tries: 1, at: builtAt } },
      { requestId: 'r1', delivery: { deliveryId: 'Subscription:a', ...begun } },
      { requestId: 'r1', delivery: { deliveryId: 'Subscription:b', ...begun } },
    ]);
  });
});

describe('a line of the status log', () => {
  it('shows separators and line ends of the message as escapes', () => {
    const errorMessage = 'a|b\nurn|r2|2|1|0|';
    expect(statusLine({ ...transition, errorMessage })).toBe(
      'urn|r1|3|1|4202|a\\u{7c}b\\u{a}urn\\u{7c}r2\\u{7c}2\\u{7c}1\\u{7c}0\\u{7c}',
    );
  });

  it('is one line of six fields, whatever its texts are', () => {
    fc.assert(
      fc.property(words, words, words, (functionUrn, requestId, errorMessage) => {
        const line = statusLine({ ...transition, functionUrn, requestId, errorMessage });
        expect(line.split('|')).toHaveLength(6);
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
