import { Controller, Inject } from '@nestjs/common';
import { type IncomingRecord, readReject } from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { OnRecord } from '#kafka/strategy';
import type { Recorder } from './recorder.ts';
import { RECORDER } from './tokens.ts';

/** Hands rejects of `intake` to the recorder, which counts them. */
@Controller()
export class RejectsController {
  constructor(
    @Inject(RECORDER) private readonly recorder: Recorder,
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
  ) {}

  /**
   * Never refuses a record: its reject would come back here.
   * @throws PlatformError `STORE_UNAVAILABLE`: the transport tries the record again.
   */
  @OnRecord('rejects')
  async onReject(record: IncomingRecord): Promise<void> {
    const reject = readReject(record, this.kafka.topics.name('intake'));
    if (reject !== undefined) await this.recorder.recordReject(reject);
  }
}
