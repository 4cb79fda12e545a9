import { Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { type IncomingRecord, type TopicName, topicDeclarations } from '#contracts';
import { OnRecord, RecordController } from '#kafka';
import type { Recorder } from './recorder.ts';
import { RECORDER, STATUS_LOGGER_OPTIONS, type StatusLoggerOptions } from './tokens.ts';

/** The topics that tell what becomes of invocations. */
const [first = 'invocations', ...others] = topicDeclarations
  .filter(({ readBy }) => readBy.includes('status-logger'))
  .map(({ name }) => name);
export const workTopics: readonly [TopicName, ...TopicName[]] = [first, ...others];

/** Brings records of all work topics to the recorder. */
@RecordController()
export class WorkTopicsController {
  constructor(
    @Inject(RECORDER) private readonly recorder: Recorder,
    @Inject(STATUS_LOGGER_OPTIONS) private readonly options: StatusLoggerOptions,
  ) {}

  /** @throws PlatformError `CONTRACT_VIOLATED`: rejected; `STORE_UNAVAILABLE`: tried again. */
  @OnRecord(...workTopics)
  async onWork(@Payload() record: IncomingRecord): Promise<void> {
    return this.recorder.record(record.topic.slice(this.options.topicPrefix.length), record);
  }
}
