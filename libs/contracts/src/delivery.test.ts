import { describe, expect, it } from 'vitest';
import { aDelivery, anInvocation, aPublication, aSettlement, builtAt } from '#testing';
import { decodeDelivery, encodeDelivery, type PendingDelivery, redriveStartKey } from './delivery.ts';
import { epochMs } from './epoch-ms.ts';
import { header } from './headers.ts';
import { type DeliveryEvent, eventExpiresAt, eventId } from './delivery-event.ts';
import type { ConfirmationRequest } from './publication.ts';
import { decodeWaiting, delayed } from './waiting.ts';

const request: ConfirmationRequest = {
  messageId: 'abc',
  project: 'p1',
  topicUrn: 'urn:smn:local:p1:news',
  askedAt: builtAt,
  expiresAt: epochMs(builtAt + 1),
};
const policy = { destinations: { onSuccess: { type: 'DIS', streamName: 'orders' } } } as const;
const settlement = aSettlement({ invocation: anInvocation({ policy }) });
const told = aDelivery({ try: 3, reason: 'busy', event: { kind: 'settled', settlement } });
const published = (given: Parameters<typeof aPublication>[0] = {}): DeliveryEvent => ({
  kind: 'published',
  publication: aPublication(given),
});

describe('a delivery record', () => {
  it.each<[what: string, PendingDelivery]>([
    ['of a settlement', told],
    ['of a published message', { ...told, event: published() }],
    ['of a test of a target', { ...told, isTest: true, event: published() }],
    ['of a redriven notice', { ...told, redrive: { redriveId: 'r1', letter: '3/17' } }],
    [
      'of an empty message with awkward text around it',
      { ...told, event: published({ subject: '"\n é', texts: { default: '' } }) },
    ],
    [
      'of a message with a text for a protocol, and attributes',
      {
        ...told,
        event: published({
          texts: { default: 'a', https: 'b' },
          attributes: [{ name: 'kind', type: 'STRING_ARRAY', value: ['x', 'y'] }],
        }),
      },
    ],
    ['of a text that looks like JSON', { ...told, event: published({ texts: { default: '{"default":1}' } }) }],
    ['of a confirmation request', { ...told, event: { kind: 'subscribed', request } }],
  ])('%s is decoded to the delivery that was encoded', (_what, delivery) => {
    const record = delayed(encodeDelivery('t', delivery), 'd', 'notifications', delivery.dueAt);
    expect(decodeDelivery(record)).toEqual(delivery);
    expect(record.key).toBe(eventId(delivery.event));
    expect(decodeWaiting(record).requestId).toBe(eventId(delivery.event));
  });

  it('begins a redriven notice only until its first try has failed or was put off', () => {
    const { reason: _reason, ...fresh } = aDelivery({ redrive: { redriveId: 'r1', letter: '3/17' } });
    expect(redriveStartKey(fresh)).toBe('r1 3/17');
    expect(redriveStartKey({ ...fresh, reason: 'this process was at a limit' })).toBeUndefined();
    expect(redriveStartKey(aDelivery())).toBeUndefined();
  });

  it('holds a single text without JSON', () => {
    expect(String(encodeDelivery('t', { ...told, event: published() }).value)).toBe('something happened');
  });

  it.each<[what: string, name: string, text: string, value: string]>([
    ['a publication that is not JSON', header.publication, '{', ''],
    ['a publication without an id', header.publication, '{"isPlain":true}', ''],
    ['a publication whose texts are not JSON', header.publication, JSON.stringify({ ...aPublication(), isPlain: false }), '{'],
    ['a publication whose texts are null', header.publication, JSON.stringify({ ...aPublication(), isPlain: false }), 'null'],
    [
      'a publication without a default text',
      header.publication,
      JSON.stringify({ ...aPublication(), isPlain: false }),
      '{"http":"a"}',
    ],
    ['a confirmation with a wrong expiry', header.confirmation, JSON.stringify({ ...request, expiresAt: 'soon' }), ''],
  ])('is refused with %s', (_what, name, text, value) => {
    const record = encodeDelivery('t', { ...told, event: published() });
    const { [header.publication]: _publication, ...headers } = record.headers;
    expect(() => decodeDelivery({ headers: { ...headers, [name]: text }, value: Buffer.from(value) })).toThrow(
      /CONTRACT_VIOLATED/,
    );
  });
});

describe('the expiry of a delivery event', () => {
  it('is that of its message or its link; a settlement has none', () => {
    const all: readonly DeliveryEvent[] = [told.event, published(), { kind: 'subscribed', request }];
    expect(all.map(eventExpiresAt)).toEqual([undefined, builtAt + 3_600_000, builtAt + 1]);
  });
});
