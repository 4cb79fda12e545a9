/**
 * Goal: with an S3 configured, notifications go there. Method: a whole installation beside each
 * of the real stores, asked through the minio package.
 */
import type { Client } from 'minio';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { clientOf, missingIn, type RunningS3, s3Stores } from '../s3-stores.ts';
import { destination } from './client.ts';
import { Installation } from './installation.ts';

describe.each(s3Stores)('$name', (kind) => {
  const missing = missingIn(kind);
  describe.skipIf(missing !== undefined)(missing ?? 'an installation with an S3', () => {
    let s3: RunningS3;
    let client: Client;
    let installation: Installation;

    beforeAll(async () => {
      s3 = await kind.start();
      client = clientOf(s3);
      await client.makeBucket('results');
      const env = { S3_ENDPOINT: s3.endpoint, S3_ACCESS_KEY: s3.accessKey, S3_SECRET_KEY: s3.secretKey };
      installation = await Installation.start({ brokers: inject('kafkaBrokers'), env });
      await installation.client.grantEverything();
      await installation.client.must('PUT', '/sendoff/buckets/results', {});
    });
    afterAll(async () => {
      await installation?.stop();
      await s3?.stop();
    });

    it.each([
      ['success', 'on_success', 'exports.handler = async (event) => event;'],
      ['failure', 'on_failure', 'exports.handler = async () => { throw new Error("no luck"); };'],
    ])('puts one expiring object on %s', async (side, key, source) => {
      await installation.client.createFunction(`stored-${side}`, source);
      const target = destination('OBS', { bucket: 'results', prefix: side, expires: 3 });
      await installation.client.setPolicy(`stored-${side}`, {
        max_async_retry_attempts: 0,
        destination_config: { [key]: target },
      });
      const requestId = await installation.client.invoke(`stored-${side}`, { n: 1 });
      const record = await installation.client.delivered(`stored-${side}`, requestId);
      expect(record.deliveries).toMatchObject([
        {
          state: 'delivered',
          location: expect.stringMatching(
            new RegExp(`^${s3.endpoint}/results/${side}/\\d{4}/\\d\\d/\\d\\d/${requestId}\\.json$`),
          ),
        },
      ]);
      const objectName = record.deliveries[0]?.location?.slice(`${s3.endpoint}/results/`.length) ?? '';
      const response = await fetch(await client.presignedGetObject('results', objectName));
      expect(await response.json()).toMatchObject({ request_context: { request_id: requestId }, request_payload: '{"n":1}' });
      if (kind.tellsExpiration) expect(response.headers.get('x-amz-expiration')).toMatch(/rule-id="sendoff-expires-3d"/);
    });

    it('shows the objects through the API, and says what is missing', async () => {
      const api = installation.client;
      await client.putObject('results', 'shown/2026/11/25/r.json', '{"shown":true}');
      const list = await api.must('GET', '/sendoff/buckets/results/objects?prefix=shown/');
      expect(list).toMatchObject({ objects: [{ key: 'shown/2026/11/25/r.json', bytes: 14 }], next_marker: '' });
      const path = '/sendoff/buckets/results/objects/content?key=shown%2F2026%2F11%2F25%2Fr.json';
      expect(await api.must('GET', path)).toEqual({ shown: true });
      // Sendoff knows this bucket, and the store does not.
      await api.must('PUT', '/sendoff/buckets/unmade', {});
      expect(await api.call('GET', '/sendoff/buckets/unmade/objects')).toMatchObject({
        status: 404,
        body: { error_msg: 'the object store has no bucket unmade: create it there' },
      });
      // The code of functions is in this one.
      await api.must('PUT', '/sendoff/buckets/sendoff-code', {});
      expect(await api.call('GET', '/sendoff/buckets/sendoff-code/objects')).toMatchObject({ status: 403 });
    });
  });
});
