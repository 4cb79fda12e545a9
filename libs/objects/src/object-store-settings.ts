import { IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min } from 'class-validator';
import { bucketNamePattern, bucketNameRule } from '#contracts';
import { payloadBytesLimit } from './payload-store.ts';
import { DataFolderSettings, Setting, withSettings } from '#platform';

/** For services that use an object store. Without one they use the data folder. */
export class ObjectStoreSettings extends withSettings(DataFolderSettings) {
  @Setting({
    env: 'S3_ENDPOINT',
    description: 'URL of the object store. If it is unset, objects go to folders below the data folder.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  s3Endpoint?: string;

  @Setting({ env: 'S3_ACCESS_KEY', description: 'Access key of the object store.', isSecret: true })
  @IsOptional()
  @IsString()
  s3AccessKey?: string;

  @Setting({ env: 'S3_SECRET_KEY', description: 'Secret key of the object store.', isSecret: true })
  @IsOptional()
  @IsString()
  s3SecretKey?: string;

  @Setting({ env: 'S3_REGION', description: 'Region of the object store.' })
  @IsString()
  s3Region: string = 'us-east-1';

  @Setting({
    env: 'S3_CA_FILE',
    description:
      'File with the certificates (PEM) of the authorities that sign the certificate of the object store. It is read again at ' +
      'each connection. Default: those of Node.js.',
  })
  @IsOptional()
  @IsString()
  s3CaFile?: string;

  /** Relations between settings. */
  faults(): string[] {
    const hasKeys = this.s3AccessKey !== undefined && this.s3SecretKey !== undefined;
    return [
      ...(this.s3Endpoint === undefined || hasKeys ? [] : ['S3_ACCESS_KEY and S3_SECRET_KEY: required with S3_ENDPOINT']),
      ...(this.s3CaFile === undefined || this.s3Endpoint?.startsWith('https:') === true
        ? []
        : ['S3_CA_FILE: needs an S3_ENDPOINT that begins with https://']),
    ];
  }
}

/** For services that write or read the code of functions. */
export class CodeStoreSettings extends withSettings(ObjectStoreSettings) {
  @Setting({
    env: 'S3_CODE_BUCKET',
    description:
      'Bucket for the code of zip functions. A service makes it if it is missing. Without S3 a folder `code` takes its place.',
  })
  @Matches(bucketNamePattern, { message: `S3_CODE_BUCKET ${bucketNameRule}` })
  codeBucket: string = 'sendoff-code';
}

/** For services that write or read large payloads. */
export class PayloadStoreSettings extends withSettings(CodeStoreSettings) {
  @Setting({
    env: 'S3_PAYLOAD_BUCKET',
    description:
      'Bucket for payloads that are too large for a record. A service makes it if it is missing. Without S3 a folder `payloads` takes its place.',
  })
  @Matches(bucketNamePattern, { message: `S3_PAYLOAD_BUCKET ${bucketNameRule}` })
  payloadBucket: string = 'sendoff-payloads';

  @Setting({
    env: 'STORED_PAYLOAD_BYTES_MAX',
    description: 'Largest payload that may be uploaded, and largest return value that is stored, in bytes.',
  })
  @IsInt()
  @Min(262_144)
  @Max(payloadBytesLimit)
  storedPayloadBytesMax: number = 16_777_216;
}
