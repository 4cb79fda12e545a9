import { describe, expect, it } from 'vitest';
import { aDelivery, anInvocation } from '#testing';
import { decodeDelivery, encodeDelivery } from './delivery.ts';
import { destinationTypes } from './destinations.ts';
import { decodeInvocation, encodeInvocation } from './invocation.ts';

const invocation = anInvocation({ policy: { backoff: { baseMs: 2_000, maxMs: 60_000 } } });

describe('a header', () => {
  const backoffRange = 'must be a whole number from 1 to 86400000';
  const instantRange = 'must be a whole number from 0 to 253402300799999';

  it.each<[name: string, text: string, reason: string]>([
    ['backoff', '{"backoff":{}}', `header backoff: baseMs ${backoffRange}`],
    ['backoff', '{}', `header backoff: baseMs ${backoffRange}`],
    ['backoff', '{"baseMs":1000}', `header backoff: maxMs ${backoffRange}`],
    ['backoff', '{"baseMs":"1000","maxMs":2000}', `header backoff: baseMs ${backoffRange}`],
    ['backoff', '{"baseMs":1e300,"maxMs":2000}', `header backoff: baseMs ${backoffRange}`],
    ['backoff', '{"baseMs":1.5,"maxMs":2000}', `header backoff: baseMs ${backoffRange}`],
    ['backoff', '{"baseMs":0,"maxMs":2000}', `header backoff: baseMs ${backoffRange}`],
    ['backoff', '{"baseMs":1,"maxMs":86400001}', `header backoff: maxMs ${backoffRange}`],
    ['backoff', 'null', 'header backoff is not a JSON object'],
    ['backoff', '[1000,2000]', 'header backoff is not a JSON object'],
    ['backoff', '7', 'header backoff is not a JSON object'],
    ['backoff', '', 'header backoff is not JSON'],
    ['backoff', '{"baseMs":1,', 'header backoff is not JSON'],
    ['destinations', '[]', 'header destinations is not a JSON object'],
    ['destinations', '{"onSuccess":null}', 'header destinations: onSuccess is not a JSON object'],
    ['destinations', '{"onSuccess":[]}', 'header destinations: onSuccess is not a JSON object'],
    [
      'destinations',
      '{"onFailure":{"type":"FTP"}}',
      `header destinations: onFailure: type must be one of: ${destinationTypes.join(', ')}`,
    ],
    [
      'destinations',
      '{"onFailure":{"type":"toString"}}',
      `header destinations: onFailure: type must be one of: ${destinationTypes.join(', ')}`,
    ],
    ['destinations', '{"onFailure":{"type":"DIS"}}', 'header destinations: onFailure: streamName must be a text'],
    [
      'destinations',
      '{"onSuccess":{"type":"OBS","bucket":"b","prefix":"","expiresDays":366}}',
      'header destinations: onSuccess: expiresDays must be a whole number from 0 to 365',
    ],
    ['accepted-at', 'yesterday', `header accepted-at ${instantRange}`],
    ['expires-at', '1e400', `header expires-at ${instantRange}`],
    ['expires-at', '253402300800000', `header expires-at ${instantRange}`],
    ['due-at', '9'.repeat(400), `header due-at ${instantRange}`],
    ['due-at', '-1', `header due-at ${instantRange}`],
    ['due-at', '', `header due-at ${instantRange}`],
    ['attempt', '0', 'header attempt must be a whole number from 1 to 86400000'],
    ['attempt', '86400001', 'header attempt must be a whole number from 1 to 86400000'],
    ['attempt', ' 1', 'header attempt must be a whole number from 1 to 86400000'],
    ['retries-max', '4', 'header retries-max must be a whole number from 0 to 3'],
    ['retries-used', '1.0', 'header retries-used must be a whole number from 0 to 3'],
    ['hops', '0x10', 'header hops must be a whole number from 0 to 999999'],
    ['memory-mb', '129', 'header memory-mb is not a size that an instance can have'],
    ['memory-mb', '20480', 'header memory-mb must be a whole number from 0 to 10240'],
  ])('%s of an invocation is refused as %j', (name, text, reason) => {
    const { value, headers } = encodeInvocation('t', invocation);
    expect(() => decodeInvocation({ value, headers: { ...headers, [name]: text } })).toThrow(`CONTRACT_VIOLATED: ${reason}`);
  });

  it.each<[name: string, text: string, reason: string]>([
    ['delivery', '{}', 'header delivery: deliveryId must be a text'],
    ['delivery', 'null', 'header delivery is not a JSON object'],
    ['delivery', '{"deliveryId":"x","target":{"type":"FTP"}}', 'header delivery: target: type must be one of'],
    ['delivery', '{"deliveryId":"x","target":{"type":"Subscription"}}', 'header delivery: target: topicUrn must be a text'],
    ['delivery', '{"deliveryId":"x","target":"DIS"}', 'header delivery: target is not a JSON object'],
    [
      'delivery',
      '{"deliveryId":"x","target":{"type":"DIS","streamName":"s"},"try":1,"dueAt":"soon"}',
      'header delivery: dueAt must be a whole number',
    ],
    [
      'delivery',
      '{"deliveryId":"x","target":{"type":"DIS","streamName":"s"},"try":101}',
      'header delivery: try must be a whole number from 1 to 100',
    ],
    ['condition', 'Bored', 'header condition is not one of the known conditions'],
    ['condition', 'toString', 'header condition is not one of the known conditions'],
    ['request-bytes', '9999', 'header request-bytes is past the end of the value'],
    ['request-bytes', '1e1', 'header request-bytes must be a whole number from 0 to 262144'],
    ['attempts', '-1', 'header attempts must be a whole number'],
    ['started-at', 'x', 'header started-at must be a whole number'],
    ['ended-at', '1.5', 'header ended-at must be a whole number'],
  ])('%s of a delivery is refused as %j', (name, text, reason) => {
    const { value, headers } = encodeDelivery('t', aDelivery());
    expect(() => decodeDelivery({ value, headers: { ...headers, [name]: text } })).toThrow(`CONTRACT_VIOLATED: ${reason}`);
  });

  it('that is unknown is ignored, and an unknown JSON field is left out', () => {
    const { value, headers } = encodeInvocation('t', invocation);
    const more = { ...headers, 'x-new': '1', backoff: '{"baseMs":2000,"maxMs":60000,"factor":3}' };
    expect(decodeInvocation({ value, headers: more })).toEqual(invocation);
  });
});
