import { Controller, Inject } from '@nestjs/common';
import { type DelayTopic, dwells, type IncomingRecord } from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { type KafkaRecordContext, OnRecord } from '#kafka/strategy';
import { WAITING_ROOM } from './tokens.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** Every delay topic, nearest first. */
export const delayTopics: readonly [DelayTopic, ...DelayTopic[]] = [
  'delays.near',
  ...dwells.map(({ name }) => `delays.${name}` as const),
];

/** Passes records of the delay topics to the waiting room. */
@Controller()
export class DelaysController {
  constructor(
    @Inject(WAITING_ROOM) private readonly room: WaitingRoom,
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
  ) {}

  /**
   * Holds the record until it is due. Its offset may be committed once this resolves.
   * @throws PlatformError `CONTRACT_VIOLATED`: the transport rejects the record and moves on.
   */
  @OnRecord(...delayTopics)
  async onWaiting(record: IncomingRecord, { signal, delivery }: KafkaRecordContext): Promise<void> {
    return this.room.hold(this.kafka.topics.withName(record.topic) as DelayTopic, record, signal, delivery);
  }
}
