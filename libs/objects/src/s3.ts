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
    ...(partBytes === undefined ? {} : { partSize: partBytes }),
  });
}
