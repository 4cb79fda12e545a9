import { Controller, Inject } from '@nestjs/common';
import { type IncomingRecord, type TopicName, topicsReadBy } from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { OnRecord } from '#kafka/strategy';
import { PairedRecords } from './paired-records.ts';

const [first = 'invocations', ...others] = topicsReadBy('status-logger').filter((name) => name !== 'rejects');

/** The topics whose records show the progress of invocations. */
export const workTopics: readonly [TopicName, ...TopicName[]] = [first, ...others];

/** Takes the records of all work topics. */
@Controller()
export class WorkTopicsController {
  constructor(
    @Inject(PairedRecords) private readonly records: PairedRecords,
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
  ) {}

  /**
   * @throws PlatformError `CONTRACT_VIOLATED`: the transport rejects the record;
   *   `STORE_UNAVAILABLE`: it tries the record again.
   */
  @OnRecord(...workTopics)
  async onWork(record: IncomingRecord): Promise<void> {
    return this.records.record(this.kafka.topics.withName(record.topic), record);
  }
}
