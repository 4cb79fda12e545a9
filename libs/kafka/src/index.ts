export { connectKafka } from './kafkajs/connect-kafka.ts';
export { type KafkaAccess, kafkaAccessOf } from './kafkajs/kafka-access.ts';
export { setUpAccounts } from './kafkajs/set-up-accounts.ts';
export { kafkaChecks } from './kafka-checks.ts';
export { connectService, openKafka } from './open-kafka.ts';
export { gatheringPace } from './kafkajs/leader.ts';
export type {
  ConsumerOptions,
  GroupMembers,
  KafkaGateway,
  Interruption,
  PartitionEnd,
  Publisher,
  RecordConsumer,
  RecordDelivery,
  TopicAdmin,
  TopicFollower,
  UnreadRecords,
} from './ports.ts';
export { placesAmong } from './partition-choice.ts';
export { Turns } from './kafkajs/turns.ts';
export { KAFKA } from './tokens.ts';
export { KeptTopic } from './kept-topic.ts';
export { topicSpecs } from './topic-specs.ts';
