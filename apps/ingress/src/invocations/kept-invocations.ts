import { Inject } from '@nestjs/common';
import { decodeInvocation, type FoundRecord, header, type Invocation } from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';

/** Reads invocations back from the topics that still hold them. */
export class KeptInvocations {
  constructor(@Inject(KAFKA) private readonly kafka: Pick<KafkaGateway, 'recordsFrom' | 'topics'>) {}

  /**
   * Reads the invocation of a record.
   * @param record with its places.
   * @returns undefined if no place has it any more.
   */
  async find({ requestId, places = [] }: FoundRecord): Promise<Invocation | undefined> {
    for (const { topic, partition, offset } of places) {
      const at = { topic: this.kafka.topics.name(topic), partition };
      const [found] = await this.kafka.recordsFrom(at, BigInt(offset), 1);
      // The topic may have been made anew, so the record at this offset may be another one.
      if (found?.offset !== BigInt(offset) || found.headers[header.requestId] !== requestId) continue;
      this.kafka.topics.checkFormat(found);
      return decodeInvocation(found);
    }
    return undefined;
  }
}
