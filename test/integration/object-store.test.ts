/**
 * Goal: notifications lie in a real S3, expire by rules that are really there, and leave the user's
 * own rules alone. Method: real stores of our own; their API, through the minio package, is asked
 * for objects and rules.
 */
import type { Client } from 'minio';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Target } from '#contracts';
import { systemClock } from '#platform';
import { aSettlement } from '#testing';
import { S3Destination } from '../../apps/notifier/src/adapters/s3-destination.ts';
import { destinationConformance } from '../../apps/notifier/src/destination.conformance.ts';
import { notificationOf } from '../../apps/notifier/src/notification-of.ts';
import { clientOf, makeLockedBucket, missingIn, type RunningS3, s3Stores } from '../s3-stores.ts';

const notification = notificationOf({ kind: 'settled', settlement: aSettlement() }, 'rfc3339');
type ObsTarget = Extract<Target, { type: 'OBS' }>;

describe.each(s3Stores)('$name', (kind) => {
  const missing = missingIn(kind);
  describe.skipIf(missing !== undefined)(missing ?? 'an object store', () => {
    let s3: RunningS3;
    let client: Client;
    let bucketNumber = 0;
    let bucket = '';

    beforeAll(async () => {
      s3 = await kind.start();
      client = clientOf(s3);
    });
    afterAll(async () => s3?.stop());
    beforeEach(async () => {
      bucket = `results-${++bucketNumber}`;
      await client.makeBucket(bucket);
    });

    const key = 'told/2027/01/15/r1.json';
    const open = () => new S3Destination({ ...s3, region: 'us-east-1' }, systemClock);
    const target = (given: Partial<ObsTarget> = {}): ObsTarget => ({
      type: 'OBS',
      bucket,
      prefix: '/told/',
      expiresDays: 0,
      ...given,
    });
    const keys = async () => {
      const found: string[] = [];
      for await (const { name } of client.listObjectsV2(bucket, '', true) as AsyncIterable<{ name: string }>) found.push(name);
      return found;
    };
    const textOf = async (key: string) => {
      const chunks: Buffer[] = [];
      for await (const chunk of (await client.getObject(bucket, key)) as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    };
    const rules = async () => {
      const lifecycle = (await client.getBucketLifecycle(bucket)) as { Rule: object | object[] };
      return [lifecycle.Rule].flat();
    };
    const deliver = async (destination: S3Destination, to: ObsTarget, requestId = 'r1') => {
      return destination.deliver({ ...notification, id: requestId }, to, new AbortController().signal);
    };

    destinationConformance('S3', async () => ({
      destination: open(),
      target: target(),
      refusing: target({ bucket: 'No Bucket' }),
      keepsCopies: false,
      received: async () => Promise.all((await keys()).map(textOf)),
      // `s3-destination.test.ts` makes a store fail and hang.
      failures: {},
      secrets: [s3.secretKey],
      close: async () => undefined,
    }));

    it('keeps an object for ever where nothing says otherwise, as JSON', async () => {
      await deliver(open(), target());
      expect(await keys()).toEqual([key]);
      expect((await client.statObject(bucket, key)).metaData['content-type']).toBe('application/json');
      expect(await client.getObjectTagging(bucket, key)).toEqual([]);
    });

    it('has the rule in force for an object that expires, and for no other below the same prefix', async () => {
      await client.putObject(bucket, 'told/2027/01/15/mine.json', '{}');
      const delivery = await deliver(open(), target({ expiresDays: 5 }));
      expect(delivery).toMatchObject({ kind: 'delivered' });
      expect(await keys()).toEqual(['told/2027/01/15/mine.json', key]);
      expect(await rules()).toMatchObject([
        {
          ID: 'sendoff-expires-5d',
          Status: 'Enabled',
          Filter: { Tag: { Key: 'sendoff-expires-days', Value: expect.toSatisfy((days) => Number(days) === 5) } },
          Expiration: { Days: expect.toSatisfy((days) => Number(days) === 5) },
        },
      ]);
      const expiration = async (name: string) =>
        (await fetch(await client.presignedGetObject(bucket, name))).headers.get('x-amz-expiration');
      if (kind.tellsExpiration)
        expect(await expiration(key)).toMatch(/expiry-date="\w{3}, \d\d \w{3} \d{4} 00:00:00 GMT", rule-id="sendoff-expires-5d"/);
      expect(await expiration('told/2027/01/15/mine.json')).toBeNull();
      expect(await client.getObjectTagging(bucket, key)).toMatchObject([{ Key: 'sendoff-expires-days' }]);
    });

    it('leaves the rules of the user alone', async () => {
      const own = [
        { ID: 'mine', Status: 'Enabled', Filter: { Prefix: 'mine/' }, Expiration: { Days: 30 } },
        { ID: 'tagged', Status: 'Enabled', Filter: { Tag: { Key: 'mine', Value: 'yes' } }, Expiration: { Days: 40 } },
      ];
      await client.setBucketLifecycle(bucket, { Rule: own } as never);
      const before = await rules();
      const destination = open();
      await Promise.all([3, 7].map(async (expiresDays) => deliver(destination, target({ expiresDays }), `r${expiresDays}`)));
      await deliver(open(), target({ expiresDays: 3 }), 'again');
      const after = await rules();
      expect(after).toEqual(expect.arrayContaining(before));
      expect(after.map((rule) => (rule as { ID: string }).ID).toSorted()).toEqual([
        'mine',
        'sendoff-expires-3d',
        'sendoff-expires-7d',
        'tagged',
      ]);
    });

    it('leaves even those alone that look like numbers', async () => {
      const own = [
        { ID: '007', Status: 'Enabled', Filter: { Prefix: '0012/' }, Expiration: { Days: 30 } },
        { ID: '1.10', Status: 'Enabled', Filter: { Prefix: '007' }, Expiration: { Days: 30 } },
        {
          ID: 'both',
          Status: 'Disabled',
          Filter: {
            And: {
              Prefix: ' a&<b> ',
              Tag: [
                { Key: '0x10', Value: '1e5' },
                { Key: 'v', Value: '1.10' },
              ],
            },
          },
          Expiration: { Days: 40 },
        },
      ];
      await client.setBucketLifecycle(bucket, { Rule: own } as never);
      const rulesAsText = async () => {
        const answer = await client.makeRequestAsync({ method: 'GET', bucketName: bucket, query: 'lifecycle' });
        return (await answer.toArray()).join('').match(/<Rule>.*?<\/Rule>/gs) ?? [];
      };
      const before = await rulesAsText();
      expect(before).toHaveLength(3);
      await deliver(open(), target({ expiresDays: 3 }));
      const after = await rulesAsText();
      expect(after).toHaveLength(4);
      expect(after).toEqual(expect.arrayContaining(before));
    });

    it('takes a prefix as long as policies may have it', async () => {
      const prefix = `${`${'é'.repeat(127)}x/`.repeat(3)}${'y'.repeat(192)}`;
      expect(await deliver(open(), target({ prefix }))).toMatchObject({ kind: 'delivered' });
    });

    it.each(['a b', '?x=1', '#', '%41', '+', '&amp;', 'é', '😀', "it's", '(*)!', 'a:b', '~'])(
      'keeps a prefix %j as it is',
      async (prefix) => {
        const destination = open();
        expect(await deliver(destination, target({ prefix, expiresDays: 3 }))).toMatchObject({ kind: 'delivered' });
        expect(await keys()).toEqual([`${prefix}/2027/01/15/r1.json`]);
      },
    );

    it('refuses a prefix that it will never take', async (context) => {
      if (!kind.refusesLongNames) context.skip('this store takes names of any length');
      expect(await deliver(open(), target({ prefix: 'x'.repeat(256) }))).toMatchObject({ kind: 'refused' });
    });

    it('stores objects in a bucket with object lock', async () => {
      bucket = `locked-${bucketNumber}`;
      await makeLockedBucket(client, bucket);
      for (const expiresDays of [0, 3])
        expect(await deliver(open(), target({ expiresDays }), `locked-${expiresDays}`)).toMatchObject({ kind: 'delivered' });
      expect(await keys()).toHaveLength(2);
    });

    it('defers while nobody answers', async () => {
      const nowhere = new S3Destination({ ...s3, endpoint: 'http://127.0.0.1:1', region: 'us-east-1' }, systemClock);
      expect(await nowhere.deliver(notification, target(), AbortSignal.timeout(2_000))).toMatchObject({
        kind: 'deferred',
      });
    });
  });
});
