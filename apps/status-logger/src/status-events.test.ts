import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeActivity, encodeInvocation, encodeSettlement, placeOf } from '#contracts';
import { anInvocation, asIncoming, aSettlement, builtAt } from '#testing';
import { eventsOf, statusLine } from './status-events.ts';

const transition = { functionUrn: 'urn', requestId: 'r1', status: 'FAIL', at: 1, errorCode: 4202, errorMessage: '' } as const;
const words = fc.oneof(
  fc
    .array(fc.constantFrom('|', '\n', '\r', '\u2028', '\u0085', '\u001b[1A', 'urn|r2|2|1|0|', '\\u{7c}'))
    .map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
);

/** The fields that have a value. */
function present<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

describe('a settlement', () => {
  const invocations = fc.record({
    attempt: fc.integer({ min: 1, max: 9 }),
    chance: fc.option(fc.integer({ min: 2, max: 3 }), { nil: undefined }),
    lastError: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
    tags: fc.option(fc.constant(['a', 'b']), { nil: undefined }),
    payloadRef: fc.option(fc.constant('p1/reference'), { nil: undefined }),
    statusLog: fc.option(fc.constant('group/stream'), { nil: undefined }),
    onFailure: fc.option(fc.constant({ type: 'DIS', streamName: 'failed' } as const), { nil: undefined }),
  });

  it('tells all that the record told from which the last attempt was made', () => {
    fc.assert(
      fc.property(invocations, fc.constantFrom('invocations', 'invocations.bulk'), (drawn, lane) => {
        const { statusLog, onFailure, ...given } = present(drawn);
        const { backoff, retriesMax } = anInvocation().policy;
        const destinations = onFailure === undefined ? {} : { onFailure };
        const policy = { backoff, retriesMax, destinations, ...(statusLog === undefined ? {} : { statusLog }) };
        const invocation = anInvocation({ ...given, policy });
        const record = { ...asIncoming(encodeInvocation(lane, invocation), builtAt), partition: 2, offset: 17n };
        const madeFrom = placeOf(lane, record);
        const settlement = asIncoming(encodeSettlement('settlements', aSettlement({ invocation, madeFrom })));
        expect(eventsOf('settlements', settlement).events).toEqual([
          ...eventsOf(lane, record).events,
          expect.objectContaining({ kind: 'settled' }),
        ]);
      }),
    );
  });

  it('tells of its end alone if it names no record', () => {
    const record = asIncoming(encodeSettlement('settlements', aSettlement()));
    expect(eventsOf('settlements', record).events.map(({ kind }) => kind)).toEqual(['settled']);
  });
});

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
