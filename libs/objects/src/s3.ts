import { Client } from 'minio';

/** Where an S3 is, and how to be let in. */
export interface S3Options {
  /** A URL. */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
}

/** A client of an S3; nothing is asked of it yet. */
export function s3Client({ endpoint, accessKey, secretKey, region }: S3Options): Client {
  const url = new URL(endpoint);
  return new Client({
    endPoint: url.hostname,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    useSSL: url.protocol === 'https:',
    accessKey,
    secretKey,
    region,
  });
}
