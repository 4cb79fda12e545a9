/**
 * Goal: an S3 whose certificate comes from an authority of its own is reached by naming it, and by
 * nothing else. A renewed file counts at the next connection.
 * Method: an HTTPS server that answers as an S3 does when it is asked for a bucket.
 */
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '#platform';
import { Authority } from '../../../test/certificates.ts';
import { ObjectStoreSettings } from './object-store-settings.ts';
import { s3Of } from './open-object-store.ts';
import { s3Client } from './s3.ts';

const keys = { S3_ACCESS_KEY: 'a', S3_SECRET_KEY: 'b' };

describe('an S3 with an authority of its own', () => {
  let folder: string;
  let server: Server;
  let right: Authority;
  let wrong: Authority;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sendoff-s3-ca-'));
    [right, wrong] = await Promise.all([Authority.create(folder, 'right'), Authority.create(folder, 'wrong')]);
    const files = await right.certify('store', 'IP:127.0.0.1');
    const identity = { cert: await readFile(files.certificate), key: await readFile(files.key) };
    server = createServer(identity, (_request, response) => void response.setHeader('connection', 'close').end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  const clientOf = (env: Readonly<Record<string, string>>) => {
    const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const options = s3Of(loadConfig(ObjectStoreSettings, { S3_ENDPOINT: endpoint, ...keys, ...env }));
    if (options === undefined) throw new Error('no options');
    return s3Client(options);
  };

  it('is refused without it', async () => {
    await expect(clientOf({}).bucketExists('bucket')).rejects.toThrow('unable to verify the first certificate');
  });

  it('is reached with S3_CA_FILE, also after the file was renewed', async () => {
    const file = join(folder, 'ca.pem');
    await copyFile(wrong.file, file);
    const client = clientOf({ S3_CA_FILE: file });
    await expect(client.bucketExists('bucket')).rejects.toThrow('certificate');
    await copyFile(right.file, file);
    expect(await client.bucketExists('bucket')).toBe(true);
  });

  it('is refused at the start if the file is missing', () => {
    expect(() => clientOf({ S3_CA_FILE: join(folder, 'none.pem') })).toThrow(/S3_CA_FILE: the file cannot be read \(ENOENT\)/);
  });
});

it.each([{ S3_ENDPOINT: 'http://s3:9000', ...keys }, {}])('S3_CA_FILE has no meaning without https: %j', (env) => {
  const all = { ...env, S3_CA_FILE: '/ca.pem' };
  expect(() => loadConfig(ObjectStoreSettings, all)).toThrow('S3_CA_FILE: needs an S3_ENDPOINT that begins with https://');
});
