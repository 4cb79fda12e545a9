import { Controller, Get, Inject, Param, Query, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { utcInstant } from '#contracts';
import type { BucketReader, StoreRefusal } from '#objects';
import { Registry } from '#registry';
import { CalledBy, type Caller } from '../access/caller.ts';
import { Operation } from '../document/operation.ts';
import { ApiError } from '../http/api-error.ts';
import { boundedQuery, limitQuery, type Query as QueryString, wholeQuery } from '../http/query.ts';
import { placeOf } from '../policies/known-place.ts';
import { BoundedReads } from './bounded-reads.ts';
import { BUCKET_READER } from './bucket-reader.ts';
import { contentBounds, contentOperations as operations } from './contents.operations.ts';

const { keyLengthMax, objectsDefault, objectsMax, objectBytesMax } = contentBounds;

/** Shows the objects of the buckets that policies may name. */
@Controller('v2/:project/sendoff/buckets/:name/objects')
export class BucketObjectsController {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(BUCKET_READER) private readonly buckets: BucketReader,
    @Inject(BoundedReads) private readonly reads: BoundedReads,
  ) {}

  @Operation(operations.objects)
  @Get()
  async list(
    @CalledBy() caller: Caller,
    @Param('name') name: string,
    @Query() query: QueryString,
  ): Promise<Record<string, unknown>> {
    const bucket = this.bucketOf(caller, name);
    const prefix = boundedQuery(query, 'prefix', keyLengthMax) ?? '';
    const below = boundedQuery(query, 'marker', keyLengthMax);
    const limit = limitQuery(query, objectsDefault, objectsMax);
    const question = { bucket, prefix, limit, ...(below === undefined ? {} : { below }) };
    const answer = await this.reads.run(async (signal) => this.buckets.list(question, signal));
    switch (answer.kind) {
      case 'no-bucket':
        throw new ApiError('FSS.0404', `the object store has no bucket ${bucket}: create it there`);
      case 'refused':
        throw refusedByStore(bucket, answer);
      case 'too-many':
        throw new ApiError('FSS.1001', 'too many names begin with this prefix: ask with a longer one');
      case 'page':
        return {
          objects: answer.objects.map(({ key, bytes, writtenAt }) => ({ key, bytes, written_time: utcInstant(writtenAt) })),
          next_marker: answer.below ?? '',
        };
      default:
        return answer satisfies never;
    }
  }

  @Operation(operations.object)
  @Get('content')
  async read(
    @CalledBy() caller: Caller,
    @Param('name') name: string,
    @Query() query: QueryString,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const bucket = this.bucketOf(caller, name);
    const key = boundedQuery(query, 'key', keyLengthMax);
    if (key === undefined) throw new ApiError('FSS.1001', 'key must be the key of an object');
    const firstBytes = wholeQuery(query, 'first_bytes', 1, objectBytesMax);
    const bytesMax = firstBytes ?? objectBytesMax;
    const found = await this.reads.run(async (signal) => this.buckets.read(bucket, key, bytesMax, signal));
    if (found.kind === 'refused') throw refusedByStore(bucket, found);
    if (found.kind === 'no-object') throw new ApiError('FSS.0404', `bucket ${bucket} has no object ${key}`);
    if (firstBytes === undefined && found.size > objectBytesMax)
      throw new ApiError(
        'FSS.0413',
        `the object has ${found.size} bytes, and ${objectBytesMax} may be read: ask for first_bytes, or use a client of the object store`,
      );
    void reply.header('x-sendoff-object-bytes', String(found.size));
    const disposition = `attachment; filename="${fileNameOf(key)}"`;
    return new StreamableFile(found.bytes, { type: 'application/octet-stream', length: found.bytes.length, disposition });
  }

  /** @throws ApiError FSS.0404; FSS.0403 for a bucket that is not for notifications. */
  private bucketOf(caller: Caller, name: string): string {
    placeOf(this.registry, caller, 'OBS', name);
    if (this.buckets.isOfPlatform(name))
      throw new ApiError('FSS.0403', `bucket ${name} holds the code or the payloads of functions, which are not shown here`);
    return name;
  }
}

function refusedByStore(bucket: string, { code }: StoreRefusal): ApiError {
  return new ApiError(
    'FSS.0503',
    `the object store refuses the ingress (${code}): let the account of its S3_ACCESS_KEY list and read bucket ${bucket}`,
  );
}

/** The last part of a key, with characters only that mean nothing in a header or a shell. */
function fileNameOf(key: string): string {
  const name = key.slice(key.lastIndexOf('/') + 1).replaceAll(/[^A-Za-z0-9._-]/g, '_');
  return /^[._]*$/.test(name) ? 'object' : name.slice(-100);
}
