import kafkajs, { type Message, type PartitionMetadata } from 'kafkajs';

const byKey = kafkajs.Partitioners.DefaultPartitioner();

/** A message that belongs to no partition by key: all those of one turn go to the same partition, the next turn to the next. */
export interface TurnMessage extends Message {
  readonly turn?: number;
}

/**
 * Chooses the partition of a record: its own where it names one, by key (murmur2, as every Kafka client does), else by turn. A whole batch
 * in one partition is less work for client and broker than a batch spread over all.
 */
export function choosePartition({
  topic,
  partitionMetadata,
  message,
}: {
  readonly topic: string;
  readonly partitionMetadata: PartitionMetadata[];
  readonly message: TurnMessage;
}): number {
  if (message.partition !== undefined) return message.partition;
  if (message.key !== undefined && message.key !== null) return byKey({ topic, partitionMetadata, message });
  const led = partitionMetadata.filter(({ leader }) => leader >= 0);
  const choices = led.length > 0 ? led : partitionMetadata;
  return choices[(message.turn ?? 0) % choices.length]?.partitionId ?? 0;
}
