/**
 * Goal: with an S3 configured, notifications go there. Method: a whole installation beside a real
 * MinIO, asked through the minio package.
 */
import { Client } from 'minio';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { minioBinary, type RunningMinio, startMinio } from '../minio.ts';
import { destination } from './client.ts';
import { Installation } from './installation.ts';

const binary = await minioBinary();
const missing = 'missing' in binary ? binary.missing : undefined;

describe.skipIf(missing !== undefined)(missing ?? 'an installation with an S3', () => {
  let minio: RunningMinio;
  let client: Client;
  let installation: Installation;

  beforeAll(async () => {
    minio = await startMinio('file' in binary ? binary.file : '');
    const { hostname, port } = new URL(minio.endpoint);
    client = new Client({
      endPoint: hostname,
      port: Number(port),
      useSSL: false,
      accessKey: minio.accessKey,
      secretKey: minio.secretKey,
    });
    await client.makeBucket('results');
    const env = { S3_ENDPOINT: minio.endpoint, S3_ACCESS_KEY: minio.accessKey, S3_SECRET_KEY: minio.secretKey };
    installation = await Installation.start({ brokers: inject('kafkaBrokers'), env });
    await installation.client.grantEverything();
    await installation.client.must('PUT', '/sendoff/buckets/results', {});
  });
  afterAll(async () => {
    await installation?.stop();
    await minio?.stop();
  });

  it.each([
    ['success', 'on_success', 'exports.handler = async (event) => event;'],
    ['failure', 'on_failure', 'exports.handler = async () => { throw new Error("no luck"); };'],
  ])('puts one expiring object on %s', async (side, key, source) => {
    await installation.client.createFunction(`stored-${side}`, source);
    const target = destination('OBS', { bucket: 'results', prefix: side, expires: 3 });
    await installation.client.setPolicy(`stored-${side}`, { max_async_retry_attempts: 0, destination_config: { [key]: target } });
    const requestId = await installation.client.invoke(`stored-${side}`, { n: 1 });
    const record = await installation.client.delivered(`stored-${side}`, requestId);
    expect(record.deliveries).toMatchObject([
      {
        state: 'delivered',
        location: expect.stringMatching(
          new RegExp(`^${minio.endpoint}/results/${side}/\\d{4}/\\d\\d/\\d\\d/${requestId}\\.json$`),
        ),
      },
    ]);
    const objectName = record.deliveries[0]?.location?.slice(`${minio.endpoint}/results/`.length) ?? '';
    const response = await fetch(await client.presignedGetObject('results', objectName));
    expect(await response.json()).toMatchObject({ request_context: { request_id: requestId }, request_payload: '{"n":1}' });
    expect(response.headers.get('x-amz-expiration')).toMatch(/rule-id="sendoff-expires-3d"/);
  });
});
