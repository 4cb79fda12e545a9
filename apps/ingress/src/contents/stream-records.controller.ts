import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { PlatformError, utcInstant } from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { Registry } from '#registry';
import { CalledBy, type Caller } from '../access/caller.ts';
import { Operation } from '../document/operation.ts';
import { ApiError } from '../http/api-error.ts';
import { limitQuery, type Query as QueryString } from '../http/query.ts';
import { placeOf } from '../policies/known-place.ts';
import { BoundedReads } from './bounded-reads.ts';
import { contentBounds, contentOperations as operations } from './contents.operations.ts';
import { StreamTail, type TailRecord } from './stream-tail.ts';

const { recordsDefault, recordsMax, partitionsMax } = contentBounds;

function recordAnswer({ partition, offset, timestamp, notice }: TailRecord): Record<string, unknown> {
  const place = { partition, offset: String(offset), time: utcInstant(timestamp), is_notice: notice !== undefined };
  return notice === undefined ? place : { ...place, key: notice.key, value: notice.beginning, value_bytes: notice.bytes };
}

/** Shows the newest records of the streams that policies may name. */
@Controller('v2/:project/sendoff/streams/:name/records')
export class StreamRecordsController {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(KAFKA) private readonly kafka: Pick<KafkaGateway, 'topics'>,
    @Inject(StreamTail) private readonly tail: StreamTail,
    @Inject(BoundedReads) private readonly reads: BoundedReads,
  ) {}

  @Operation(operations.records)
  @Get()
  async list(
    @CalledBy() caller: Caller,
    @Param('name') name: string,
    @Query() query: QueryString,
  ): Promise<Record<string, unknown>> {
    const place = placeOf(this.registry, caller, 'DIS', name);
    const topic = place.topic ?? this.kafka.topics.ofStream(name);
    const limit = limitQuery(query, recordsDefault, recordsMax);
    const tail = await this.reads.run(async (signal) => this.tail.newest(topic, limit, signal)).catch(refusedByBroker(topic));
    switch (tail.kind) {
      case 'too-many-partitions':
        throw new ApiError(
          'FSS.0400',
          `topic ${topic} has ${tail.partitions} partitions, and streams of ${partitionsMax} at most are shown: use a consumer`,
        );
      case 'no-topic':
        return { topic, topic_exists: false, records: [] };
      case 'records':
        return { topic, topic_exists: true, records: tail.records.map(recordAnswer) };
      default:
        return tail satisfies never;
    }
  }
}

/** Says which right the account of the ingress lacks. */
function refusedByBroker(topic: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof PlatformError && error.code === 'BROKER_ACCESS_DENIED')
      throw new ApiError('FSS.0503', `the Kafka account of the ingress may not read topic ${topic}: grant it Read`);
    throw error;
  };
}
