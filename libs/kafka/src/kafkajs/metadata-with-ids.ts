/**
 * Metadata of topics with their ids, which kafkajs cannot read. A topic that was deleted and
 * created again has another id. Nothing else tells the two apart: names, partitions and offsets may
 * be the same.
 *
 * @see KIP-516
 */
import { type AskedBroker, answerOf } from './kafka-answers.ts';
import type { BrokerMetadata, RequestVersions } from './kafkajs-pool.ts';
import { askRaw, type Decoder, Encoder, hasRequest } from './raw-request.ts';

const metadata = { apiKey: 3, apiVersion: 10, apiName: 'Metadata' } as const;
/** The id that stands for none. */
const noId = '0'.repeat(32);

/**
 * Asks a broker for metadata.
 * @param topics none for all topics.
 * @returns topics without ids if the broker is older than Kafka 2.8.
 */
export async function metadataWithIds(
  broker: AskedBroker & { readonly versions: RequestVersions | null },
  topics: readonly string[],
): Promise<BrokerMetadata> {
  if (!hasRequest(broker, metadata))
    return answerOf<BrokerMetadata>(broker, 'Metadata', { topics, allowAutoTopicCreation: false });
  // An empty list of tagged fields ends the header, each entry and the request.
  const request = new Encoder().writeUVarIntBytes();
  if (topics.length === 0) request.writeUVarIntBytes();
  else request.writeUVarIntArray(topics.map((topic) => writeId(new Encoder()).writeUVarIntString(topic).writeUVarIntBytes()));
  request.writeBoolean(false).writeBoolean(false).writeBoolean(false).writeUVarIntBytes();
  return askRaw(broker, metadata, request, readMetadata);
}

function writeId(encoder: Encoder): Encoder {
  return encoder.writeInt32(0).writeInt32(0).writeInt32(0).writeInt32(0);
}

function readId(decoder: Decoder): { readonly topicId?: string } {
  const words = [1, 2, 3, 4].map(() => (decoder.readInt32() >>> 0).toString(16).padStart(8, '0'));
  const topicId = words.join('');
  return topicId === noId ? {} : { topicId };
}

/** Reads an entry, and the tagged fields behind it. */
function tagged<Entry>(read: (decoder: Decoder) => Entry): (decoder: Decoder) => Entry {
  return (decoder) => {
    const entry = read(decoder);
    decoder.readTaggedFields();
    return entry;
  };
}

/** Metadata Response (Version: 10). */
function readMetadata(decoder: Decoder): BrokerMetadata & { readonly clientSideThrottleTime: number } {
  decoder.readTaggedFields();
  const clientSideThrottleTime = decoder.readInt32();
  const brokers = decoder.readUVarIntArray(
    tagged((entry) => ({
      nodeId: entry.readInt32(),
      host: entry.readUVarIntString() ?? '',
      port: entry.readInt32(),
      rack: entry.readUVarIntString() ?? '',
    })),
  );
  decoder.readUVarIntString(); // cluster id
  const controllerId = decoder.readInt32();
  const topicMetadata = decoder.readUVarIntArray(
    tagged((entry) => {
      const topicErrorCode = entry.readInt16();
      const topic = entry.readUVarIntString() ?? '';
      const id = readId(entry);
      entry.readBoolean(); // is internal
      const partitionMetadata = entry.readUVarIntArray(tagged(readPartition));
      entry.readInt32(); // rights on the topic
      return { topicErrorCode, topic, ...id, partitionMetadata };
    }),
  );
  return { brokers, controllerId, topicMetadata, clientSideThrottleTime };
}

function readPartition(decoder: Decoder): BrokerMetadata['topicMetadata'][number]['partitionMetadata'][number] {
  decoder.readInt16(); // error code: a leader of -1 tells the same
  const partitionId = decoder.readInt32();
  const leader = decoder.readInt32();
  decoder.readInt32(); // epoch of the leader
  for (let lists = 3; lists > 0; lists -= 1) decoder.readUVarIntArray((replica) => replica.readInt32());
  return { partitionId, leader };
}
