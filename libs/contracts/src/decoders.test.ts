/**
 * Goal: a decoder refuses a record of the wrong shape with a reason, whatever the fault is (I6). It
 * never returns a number out of its range.
 * Method: a property that damages valid records of every kind at random.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aDelivery, anInvocation, aPublication, aSettlement, builtAt } from '#testing';
import { type Activity, decodeActivity, encodeActivity } from './activity.ts';
import { type Bounds, bounds } from './bounds.ts';
import { type CallAnswer, decodeCallAnswer, decodeCallRequest } from './call.ts';
import { decodeCancellation, encodeCancellation } from './cancellation.ts';
import { decodeDelivery, encodeDelivery } from './delivery.ts';
import { epochMs } from './epoch-ms.ts';
import { PlatformError } from './errors.ts';
import { decodeIdempotency, encodeIdempotency, type IdempotencyEvent } from './idempotency.ts';
import { decodeInvocation, encodeInvocation } from './invocation.ts';
import type { DeliveryEvent } from './delivery-event.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';
import { decodeRedrivenEnd, encodeRedrivenEnd } from './redriven.ts';
import { isRequestId } from './request-id.ts';
import { decodeSettlement, encodeSettlement } from './settlement.ts';
import type { Target } from './destinations.ts';
import { decodeWaiting, delayed } from './waiting.ts';

type Read = Pick<IncomingRecord, 'key' | 'value' | 'headers'>;

interface Case {
  readonly record: OutgoingRecord;
  readonly decode: (record: Read) => unknown;
}

const targets: readonly Target[] = [
  { type: 'OBS', bucket: 'reports', prefix: 'daily/', expiresDays: 7 },
  { type: 'DIS', streamName: 'orders' },
  { type: 'SMN', topicUrn: 'urn:smn:local:p1:news' },
  { type: 'FunctionGraph', functionUrn: 'urn:fss:local:p1:function:default:next:latest' },
];
const [onSuccess, onFailure] = targets;
if (onSuccess === undefined || onFailure === undefined) throw new Error('two targets are needed');

const invocation = anInvocation({
  alias: 'live',
  dueAt: epochMs(builtAt + 1_000),
  attempt: 2,
  retriesUsed: 1,
  hops: 3,
  memoryMb: 256,
  lastError: 'no luck',
  policy: { retriesMax: 2, backoff: { baseMs: 2_000, maxMs: 60_000 }, destinations: { onSuccess, onFailure }, statusLog: 'g/s' },
});
const settlement = aSettlement({ invocation, madeFrom: { topic: 'invocations.bulk', partition: 3, offset: 17, at: builtAt } });
const publication = aPublication({
  texts: { default: 'a', https: 'b' },
  attributes: [
    { name: 'kind', type: 'STRING_ARRAY', value: ['x'] },
    { name: 'p', type: 'PROTOCOL', value: 'http' },
  ],
});
const request = {
  messageId: 'abc',
  project: 'p1',
  topicUrn: 'urn:smn:local:p1:news',
  askedAt: builtAt,
  expiresAt: epochMs(builtAt + 1),
};
const running: Activity = {
  kind: 'running',
  requestId: 'r1',
  functionUrn: invocation.functionUrn,
  project: 'p1',
  acceptedAt: builtAt,
  attempt: 2,
  startedAt: builtAt,
  statusLog: 'g/s',
};
const ended: Activity = {
  kind: 'delivery-ended',
  requestId: 'r1',
  deliveryId: 'DIS:orders',
  state: 'undelivered',
  tries: 8,
  at: builtAt,
  reason: 'busy',
  location: 'nowhere',
  followedBy: ['Subscription:urn:s', 'Subscription:urn:t'],
};
const claimed: IdempotencyEvent = {
  kind: 'claimed',
  requestId: 'r1',
  payloadDigest: 'd',
  claimant: 'c',
  inPlaceOf: 'b',
  at: builtAt,
};
const answers: readonly CallAnswer['report']['ending'][] = [
  { kind: 'returned' },
  { kind: 'failed', condition: 'InvocationTimeout', errorMessage: 'too slow' },
  { kind: 'unavailable', reason: 'busy', retryAfterMs: 1_000 },
];

const events: readonly DeliveryEvent[] = [
  { kind: 'settled', settlement },
  { kind: 'published', publication },
  { kind: 'subscribed', request },
];
const deliveries: readonly [string, Case][] = events.flatMap((event) =>
  [...targets, { type: 'Subscription', topicUrn: 'urn:t', subscriptionUrn: 'urn:s' } as const].map((target): [string, Case] => [
    `delivery of ${event.kind} to ${target.type}`,
    { record: encodeDelivery('t', aDelivery({ target, try: 3, reason: 'busy', event })), decode: decodeDelivery },
  ]),
);
/** Calls travel over HTTP; here their text stands in the value of a record. */
const overHttp: readonly [string, Case][] = [
  [
    'call',
    {
      record: {
        topic: 't',
        value: Buffer.from(
          JSON.stringify({ requestId: 'r1', functionUrn: 'f', alias: 'a', modifiedAt: builtAt, memoryMb: 128, traceparent: 't' }),
        ),
        headers: {},
      },
      decode: ({ value }) => decodeCallRequest((value ?? Buffer.alloc(0)).toString('base64url')),
    },
  ],
  ...answers.map((ending): [string, Case] => [
    `answer to a call that ${ending.kind}`,
    {
      record: {
        topic: 't',
        value: Buffer.from(JSON.stringify({ ending, durationMs: 5, memoryMb: 128, memoryUsedBytes: 1_000, log: 'l' })),
        headers: {},
      },
      decode: ({ value }) => decodeCallAnswer(value ?? Buffer.alloc(0), value?.length ?? 0),
    },
  ]),
];

const cases: Readonly<Record<string, Case>> = {
  invocation: { record: encodeInvocation('t', invocation), decode: decodeInvocation },
  'invocation without a policy': { record: encodeInvocation('t', anInvocation()), decode: decodeInvocation },
  waiting: {
    record: delayed(encodeInvocation('t', invocation), 'd', 'invocations', invocation.dueAt),
    decode: decodeWaiting,
  },
  settlement: { record: encodeSettlement('t', settlement), decode: decodeSettlement },
  running: { record: encodeActivity('t', running), decode: decodeActivity },
  'redriven notice': {
    record: encodeDelivery('t', aDelivery({ redrive: { redriveId: 'r1', letter: '3/17' } })),
    decode: decodeDelivery,
  },
  'end of a redriven notice': {
    record: encodeRedrivenEnd('t', { redriveId: 'r1', letter: '3/17', state: 'delivered', at: builtAt }),
    decode: decodeRedrivenEnd,
  },
  'delivery-ended': { record: encodeActivity('t', ended), decode: decodeActivity },
  claimed: { record: encodeIdempotency('t', 'k', claimed), decode: decodeIdempotency },
  accepted: {
    record: encodeIdempotency('t', 'k', { kind: 'accepted', requestId: 'r1', at: builtAt }),
    decode: decodeIdempotency,
  },
  cancellation: { record: encodeCancellation('t', invocation), decode: decodeCancellation },
  ...Object.fromEntries(deliveries),
  ...Object.fromEntries(overHttp),
};

const read = ({ key, value, headers }: OutgoingRecord): Read => ({ key: key ?? null, value, headers });

/** The range of each field; a number in any other field must be a whole number of at least 0. */
const rangeOf: Readonly<Record<string, Bounds>> = {
  attempt: bounds.attempt,
  attempts: bounds.attempts,
  retriesUsed: bounds.retries,
  retriesMax: bounds.retries,
  hops: bounds.hops,
  baseMs: bounds.backoffMs,
  maxMs: bounds.backoffMs,
  expiresDays: bounds.expiresDays,
  try: bounds.deliveryTry,
  tries: bounds.deliveryTries,
  memoryMb: bounds.memoryMb,
  retryAfterMs: bounds.retryAfterMs,
  ...Object.fromEntries(
    [
      'acceptedAt',
      'expiresAt',
      'dueAt',
      'startedAt',
      'endedAt',
      'at',
      'askedAt',
      'publishedAt',
      'modifiedAt',
      'firstTriedAt',
    ].map((name) => [name, bounds.instantMs]),
  ),
};

function numbersOutOfRange(value: unknown, name = ''): readonly string[] {
  if (typeof value === 'number') {
    const { min, max } = rangeOf[name] ?? { min: 0, max: Number.MAX_SAFE_INTEGER };
    return Number.isSafeInteger(value) && value >= min && value <= max ? [] : [`${name}: ${value}`];
  }
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => numbersOutOfRange(item, key));
}

/** The request ids and message ids in a value that a log could not show as they are. */
function idsOfAnotherForm(value: unknown, name = ''): readonly unknown[] {
  if (name === 'requestId' || name === 'messageId') return isRequestId(String(value)) ? [] : [value];
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => idsOfAnotherForm(item, key));
}

/**
 * Tells how a decoder took a record: `read`, or the reason for which it was refused. Any other
 * error fails the test.
 */
function taken({ decode }: Case, record: Read): string {
  let value: unknown;
  try {
    value = decode(record);
  } catch (error) {
    expect(error).toBeInstanceOf(PlatformError);
    expect(error).toMatchObject({ code: 'CONTRACT_VIOLATED', retryable: false });
    return (error as PlatformError).message;
  }
  expect(numbersOutOfRange(value)).toEqual([]);
  expect(idsOfAnotherForm(value)).toEqual([]);
  return 'read';
}

describe('a decoder', () => {
  it.each(Object.entries(cases))('reads a valid record: %s', (_name, given) => {
    expect(taken(given, read(given.record))).toBe('read');
  });

  it.each(['', 'r1\n2026-11-24T00:00:00.000Z r2', 'r1 r2', 'r\u001b[1A', 'r|1', '../r1', 'r\u2028', 'r'.repeat(65)])(
    'refuses the request id %j',
    (requestId) => {
      const record = read(encodeInvocation('t', { ...invocation, requestId }));
      expect(taken({ record: encodeInvocation('t', invocation), decode: decodeInvocation }, record)).toMatch(/the request id/);
    },
  );

  const awkwardNumber = fc.constantFrom(
    '',
    ' ',
    '-1',
    '+1',
    '1.5',
    '1e3',
    '0x10',
    'NaN',
    'Infinity',
    '1e400',
    '9'.repeat(15),
    '9'.repeat(40),
    '٣',
  );
  const damagedText = fc.oneof(
    awkwardNumber,
    fc.string({ unit: 'binary' }),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.constantFrom('{', 'null', '[]', '{}', '"x"', '{"__proto__":{"baseMs":1}}', '{"backoff":{}}'),
    fc.integer({ min: -5, max: 2 ** 53 }).map(String),
  );
  const awkwardValue = fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 0, 1.5, 1e300, 2 ** 53, null, {}, [], '5'), fc.integer());

  /** Replaces or removes one field, at any depth, of a text that is a JSON object. */
  const withDamagedField = (text: string, pick: number, value: unknown): string => {
    let root: unknown;
    try {
      root = JSON.parse(text);
    } catch {
      return text;
    }
    const places: [Record<string, unknown>, string][] = [];
    const collect = (at: unknown): void => {
      if (typeof at !== 'object' || at === null) return;
      for (const key of Object.keys(at)) {
        places.push([at as Record<string, unknown>, key]);
        collect((at as Record<string, unknown>)[key]);
      }
    };
    collect(root);
    const place = places[pick % Math.max(1, places.length)];
    if (place !== undefined) place[0][place[1]] = value;
    return JSON.stringify(root);
  };

  it.each(Object.entries(cases))('reads any damaged record with numbers in their range, or refuses it: %s', (_name, given) => {
    const { headers, value } = given.record;
    const names = Object.keys(headers);
    const damagedHeader = fc.tuple(
      names.length === 0 ? fc.string() : fc.constantFrom(...names),
      fc.oneof(
        fc.constant({ kind: 'remove' } as const),
        damagedText.map((text) => ({ kind: 'replace', text }) as const),
        fc.tuple(fc.nat(), awkwardValue).map(([pick, item]) => ({ kind: 'field', pick, item }) as const),
      ),
    );
    const damagedBytes = fc.oneof(
      fc.constant(value),
      fc.constant(null),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      damagedText.map((text) => Buffer.from(text)),
      fc.tuple(fc.nat(), awkwardValue).map(([pick, item]) => Buffer.from(withDamagedField(String(value), pick, item))),
    );
    const key = fc.constantFrom(given.record.key ?? null, null);
    fc.assert(
      fc.property(fc.array(damagedHeader, { maxLength: 3 }), damagedBytes, key, (damages, bytes, damagedKey) => {
        const damaged: Record<string, string> = { ...headers };
        for (const [name, damage] of damages) {
          if (damage.kind === 'remove') delete damaged[name];
          else if (damage.kind === 'replace') damaged[name] = damage.text;
          else damaged[name] = withDamagedField(damaged[name] ?? '', damage.pick, damage.item);
        }
        taken(given, { key: damagedKey, value: bytes, headers: damaged });
      }),
      { numRuns: 300 },
    );
  });
});
