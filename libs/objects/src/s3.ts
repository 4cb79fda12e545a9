import { createHash } from 'node:crypto';
import { Client } from 'minio';

/** Endpoint and credentials of an S3. */
export interface S3Options {
  /** A URL. */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
}

/**
 * Creates a client of an S3; sends no request yet.
 * @param partBytes larger objects are uploaded in parts of this size.
 */
export function s3Client({ endpoint, accessKey, secretKey, region }: S3Options, partBytes?: number): Client {
  const url = new URL(endpoint);
  return new Client({
    endPoint: url.hostname,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    useSSL: url.protocol === 'https:',
    accessKey,
    secretKey,
    region,
    // The client would report each repeat on the console, in the middle of the log. Deliveries are
    // tried again anyway, and so are uploads by their senders.
    retryOptions: { disableRetry: true },
    ...(partBytes === undefined ? {} : { partSize: partBytes }),
  });
}

/**
 * Puts an object in one request. Unlike `putObject` of the client it sends every header as it is,
 * and always a checksum: a bucket with object lock refuses requests without one.
 * @throws an error of the client, with the `code` of the store.
 */
export async function putInOneRequest(
  client: Client,
  { bucket, key, headers }: { readonly bucket: string; readonly key: string; readonly headers: Readonly<Record<string, string>> },
  bytes: Buffer,
): Promise<void> {
  const request = { method: 'PUT', bucketName: bucket, objectName: key, headers: { ...headers, 'content-md5': md5Of(bytes) } };
  await client.makeRequestAsyncOmit(request, bytes);
}

/** The value of a `Content-MD5` header. */
export function md5Of(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('base64');
}
