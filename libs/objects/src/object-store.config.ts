import { IsOptional, IsString, IsUrl, Matches } from 'class-validator';
import { bucketNamePattern, bucketNameRule } from '#contracts';
import { ServiceConfig, Setting } from '#platform';

/** What a service that uses an object store reads from its environment. */
export class ObjectStoreConfig extends ServiceConfig {
  @Setting({
    env: 'S3_ENDPOINT',
    description: 'Object store, as a URL; where unset objects go to folders below the data folder.',
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

  /** Relations between settings. */
  faults(): string[] {
    return this.s3Endpoint !== undefined && (this.s3AccessKey === undefined || this.s3SecretKey === undefined)
      ? ['S3_ACCESS_KEY and S3_SECRET_KEY: required with S3_ENDPOINT']
      : [];
  }
}

/** What a service that keeps or reads code of functions reads from its environment. */
export class CodeStoreConfig extends ObjectStoreConfig {
  @Setting({
    env: 'S3_CODE_BUCKET',
    description:
      'Bucket for the code of zip functions, made where it is not there; without an S3 a folder `code` takes its place.',
  })
  @Matches(bucketNamePattern, { message: `S3_CODE_BUCKET ${bucketNameRule}` })
  codeBucket: string = 'sendoff-code';
}
