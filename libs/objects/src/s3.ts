import { createHash } from 'node:crypto';
import { Agent } from 'node:https';
import { createRequire } from 'node:module';
import type { Client } from 'minio';
import type { TextSource } from '#platform';

/** Endpoint and credentials of an S3. */
export interface S3Options {
  /** A URL. */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  /** Authorities that may sign the certificate of the store. Default: those of Node.js. */
  readonly ca?: TextSource | undefined;
}

const require = createRequire(import.meta.url);

/**
 * Creates a client of an S3; sends no request yet.
 * @param partBytes larger objects are uploaded in parts of this size.
 */
export function s3Client({ endpoint, accessKey, secretKey, region, ca }: S3Options, partBytes?: number): Client {
  const url = new URL(endpoint);
  // Loaded on demand: it takes 6 MB, and installations with folders need it never.
  const minio = require('minio') as typeof import('minio');
  return new minio.Client({
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
    ...(ca === undefined ? {} : { transportAgent: new AuthorityAgent(ca) }),
  });
}

/** Connects to servers of own authorities. It reads these again at each connection. */
class AuthorityAgent extends Agent {
  constructor(private readonly ca: TextSource) {
    super({ keepAlive: true });
  }

  override createConnection(...[options, opened]: Parameters<Agent['createConnection']>) {
    return super.createConnection({ ...options, ca: this.ca() }, opened);
  }
}

/** Statuses with which stores say that they have it. Amazon S3 answers 200, others 201 or 204. */
export const putStatuses = [200, 201, 204] as const;

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
  await client.makeRequestAsyncOmit(request, bytes, [...putStatuses]);
}

/** The value of a `Content-MD5` header. */
export function md5Of(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('base64');
}
