import { Controller, Inject } from '@nestjs/common';
import { type IncomingRecord, type TopicName, topicsReadBy } from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { OnRecord } from '#kafka/strategy';
import type { Recorder } from './recorder.ts';
import { RECORDER } from './tokens.ts';

const [first = 'invocations', ...others] = topicsReadBy('status-logger').filter((name) => name !== 'rejects');

/** The topics whose records show the progress of invocations. */
export const workTopics: readonly [TopicName, ...TopicName[]] = [first, ...others];

/** Hands records of all work topics to the recorder. */
@Controller()
export class WorkTopicsController {
  constructor(
    @Inject(RECORDER) private readonly recorder: Recorder,
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
  ) {}

  /**
   * @throws PlatformError `CONTRACT_VIOLATED`: the transport rejects the record;
   *   `STORE_UNAVAILABLE`: it tries the record again.
   */
  @OnRecord(...workTopics)
  async onWork(record: IncomingRecord): Promise<void> {
    return this.recorder.record(this.kafka.topics.withName(record.topic), record);
  }
}
