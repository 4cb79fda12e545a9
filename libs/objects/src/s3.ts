import { createHash } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { createRequire } from 'node:module';
import type { BucketItem, Client } from 'minio';
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

/** Largest answer that is no object. A page of a list has 1,000 keys of at most 1 KB. */
const answerBytesMax = 8 * 1_048_576;
/** How long a connection may be silent within a request. */
const silenceMs = 60_000;
/**
 * Statuses after which the client throws without reading the answer. Its connection would stay
 * open, and serve no other request.
 */
const unreadStatuses: ReadonlySet<number> = new Set([408, 429, 499, 500, 502, 503, 504, 520]);
/** Keys of one page of a list, as S3 bounds them. */
const pageKeys = 1_000;

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
    transport: { request: url.protocol === 'https:' ? bounded(httpsRequest) : bounded(httpRequest) },
    ...(partBytes === undefined ? {} : { partSize: partBytes }),
    ...(ca === undefined ? {} : { transportAgent: new AuthorityAgent(ca) }),
  });
}

/**
 * Bounds answers and silence. The client reads errors and lists whole, however large they are. It
 * has no timeout, so a request whose caller has given up would go on for ever.
 */
function bounded(request: typeof httpRequest): typeof httpRequest {
  const send = (options: RequestOptions, answered?: (answer: IncomingMessage) => void): ClientRequest => {
    const sent = request(options, (answer) => {
      const isObject = (answer.statusCode ?? 0) < 300 && options.path?.includes('?') !== true;
      if (!isObject) boundAnswer(answer);
      if (unreadStatuses.has(answer.statusCode ?? 0)) answer.resume();
      answered?.(answer);
    });
    return sent.setTimeout(silenceMs, () => sent.destroy(new Error(`the store was silent for ${silenceMs / 1_000} s`)));
  };
  return send as typeof httpRequest;
}

/** Ends an answer at its bound. It does not listen for data, which would begin the reading. */
function boundAnswer(answer: IncomingMessage): void {
  const push = answer.push.bind(answer);
  let bytes = 0;
  answer.push = (chunk: Buffer | null) => {
    bytes += chunk?.length ?? 0;
    if (bytes <= answerBytesMax) return push(chunk);
    answer.destroy(new Error(`the store answered more than ${answerBytesMax} bytes`));
    return false;
  };
}

/**
 * The objects of a bucket, page by page. The list of the client never ends if the store says so and
 * tells no objects, even if nobody reads it any more.
 * @param delimiter `/` lists one folder, and the empty text all objects.
 * @param signal ends the list before its next page.
 */
export async function* listedObjects(
  client: Client,
  { bucket, prefix, delimiter }: { readonly bucket: string; readonly prefix: string; readonly delimiter: '' | '/' },
  signal: AbortSignal,
): AsyncGenerator<BucketItem> {
  for (let token = ''; ; ) {
    const page = await client.listObjectsV2Query(bucket, prefix, token, delimiter, pageKeys, '');
    signal.throwIfAborted();
    yield* page.objects;
    if (!page.isTruncated) return;
    // The client makes a number of a text of digits.
    const next = String(page.nextContinuationToken);
    if (next === '' || next === token) throw new Error('the store says that its list goes on, but not where');
    token = next;
  }
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
