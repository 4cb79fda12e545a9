import { Module } from '@nestjs/common';
import { BoundedReads } from './bounded-reads.ts';
import { BucketObjectsController } from './bucket-objects.controller.ts';
import { StreamRecordsController } from './stream-records.controller.ts';
import { StreamTail } from './stream-tail.ts';

/** Shows what notifications wrote to buckets and streams. */
@Module({ controllers: [BucketObjectsController, StreamRecordsController], providers: [BoundedReads, StreamTail] })
export class ContentsModule {}
