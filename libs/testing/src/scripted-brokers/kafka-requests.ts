import {
  array,
  boolean,
  bytes,
  type Field,
  int16,
  int32,
  int64,
  int8,
  nullableArray,
  nullableBytes,
  nullableString,
  string,
  struct,
  type ValueOf,
} from './wire-fields.ts';

const topicsOf = <Partition extends { readonly [name: string]: Field<unknown> }>(partition: Partition) =>
  array(struct({ topic: string, partitions: array(struct(partition)) }));

/**
 * The requests that a scripted broker knows, each in the one version that it offers to clients.
 * @see https://kafka.apache.org/protocol
 */
export const kafkaRequests = {
  Produce: {
    key: 0,
    version: 7,
    request: struct({
      transactionalId: nullableString,
      acks: int16,
      timeoutMs: int32,
      topics: topicsOf({ partition: int32, records: bytes }),
    }),
    response: struct({
      topics: topicsOf({ partition: int32, errorCode: int16, baseOffset: int64, logAppendTime: int64, logStartOffset: int64 }),
      throttleMs: int32,
    }),
  },
  Fetch: {
    key: 1,
    version: 4,
    request: struct({
      replicaId: int32,
      waitMs: int32,
      bytesMin: int32,
      bytesMax: int32,
      isolationLevel: int8,
      topics: topicsOf({ partition: int32, offset: int64, bytesMax: int32 }),
    }),
    response: struct({
      throttleMs: int32,
      topics: topicsOf({
        partition: int32,
        errorCode: int16,
        highWatermark: int64,
        lastStableOffset: int64,
        abortedTransactions: nullableArray(struct({ producerId: int64, firstOffset: int64 })),
        records: nullableBytes,
      }),
    }),
  },
  ListOffsets: {
    key: 2,
    version: 2,
    /** `timestamp` is -1 for the end and -2 for the start of a partition. */
    request: struct({ replicaId: int32, isolationLevel: int8, topics: topicsOf({ partition: int32, timestamp: int64 }) }),
    response: struct({
      throttleMs: int32,
      topics: topicsOf({ partition: int32, errorCode: int16, timestamp: int64, offset: int64 }),
    }),
  },
  Metadata: {
    key: 3,
    version: 5,
    /** `topics` is null for all topics. */
    request: struct({ topics: nullableArray(string), createsTopics: boolean }),
    response: struct({
      throttleMs: int32,
      brokers: array(struct({ nodeId: int32, host: string, port: int32, rack: nullableString })),
      clusterId: nullableString,
      controllerId: int32,
      topics: array(
        struct({
          errorCode: int16,
          topic: string,
          isInternal: boolean,
          partitions: array(
            struct({
              errorCode: int16,
              partition: int32,
              leader: int32,
              replicas: array(int32),
              inSyncReplicas: array(int32),
              offlineReplicas: array(int32),
            }),
          ),
        }),
      ),
    }),
  },
  OffsetCommit: {
    key: 8,
    version: 3,
    request: struct({
      groupId: string,
      generation: int32,
      memberId: string,
      retentionMs: int64,
      topics: topicsOf({ partition: int32, offset: int64, metadata: nullableString }),
    }),
    response: struct({ throttleMs: int32, topics: topicsOf({ partition: int32, errorCode: int16 }) }),
  },
  OffsetFetch: {
    key: 9,
    version: 3,
    /** `topics` is null for all topics of the group. */
    request: struct({ groupId: string, topics: nullableArray(struct({ topic: string, partitions: array(int32) })) }),
    response: struct({
      throttleMs: int32,
      topics: topicsOf({ partition: int32, offset: int64, metadata: nullableString, errorCode: int16 }),
      errorCode: int16,
    }),
  },
  FindCoordinator: {
    key: 10,
    version: 1,
    request: struct({ coordinatorKey: string, coordinatorType: int8 }),
    response: struct({
      throttleMs: int32,
      errorCode: int16,
      errorMessage: nullableString,
      nodeId: int32,
      host: string,
      port: int32,
    }),
  },
  JoinGroup: {
    key: 11,
    version: 2,
    request: struct({
      groupId: string,
      sessionTimeoutMs: int32,
      rebalanceTimeoutMs: int32,
      memberId: string,
      protocolType: string,
      protocols: array(struct({ name: string, metadata: bytes })),
    }),
    response: struct({
      throttleMs: int32,
      errorCode: int16,
      generation: int32,
      protocol: string,
      leaderId: string,
      memberId: string,
      members: array(struct({ memberId: string, metadata: bytes })),
    }),
  },
  Heartbeat: {
    key: 12,
    version: 1,
    request: struct({ groupId: string, generation: int32, memberId: string }),
    response: struct({ throttleMs: int32, errorCode: int16 }),
  },
  LeaveGroup: {
    key: 13,
    version: 1,
    request: struct({ groupId: string, memberId: string }),
    response: struct({ throttleMs: int32, errorCode: int16 }),
  },
  SyncGroup: {
    key: 14,
    version: 1,
    request: struct({
      groupId: string,
      generation: int32,
      memberId: string,
      assignments: array(struct({ memberId: string, assignment: bytes })),
    }),
    response: struct({ throttleMs: int32, errorCode: int16, assignment: bytes }),
  },
  DescribeGroups: {
    key: 15,
    version: 1,
    request: struct({ groupIds: array(string) }),
    response: struct({
      throttleMs: int32,
      groups: array(
        struct({
          errorCode: int16,
          groupId: string,
          state: string,
          protocolType: string,
          protocol: string,
          members: array(struct({ memberId: string, clientId: string, clientHost: string, metadata: bytes, assignment: bytes })),
        }),
      ),
    }),
  },
  ApiVersions: {
    key: 18,
    version: 2,
    request: struct({}),
    response: struct({
      errorCode: int16,
      versions: array(struct({ key: int16, versionMin: int16, versionMax: int16 })),
      throttleMs: int32,
    }),
  },
  CreateTopics: {
    key: 19,
    version: 2,
    request: struct({
      topics: array(
        struct({
          topic: string,
          partitions: int32,
          replication: int16,
          assignments: array(struct({ partition: int32, replicas: array(int32) })),
          settings: array(struct({ name: string, value: nullableString })),
        }),
      ),
      timeoutMs: int32,
      isTrial: boolean,
    }),
    response: struct({
      throttleMs: int32,
      topics: array(struct({ topic: string, errorCode: int16, errorMessage: nullableString })),
    }),
  },
};

/** Name of a request that a scripted broker knows. */
export type KafkaApi = keyof typeof kafkaRequests;
/** The fields of a request. */
export type RequestOf<Api extends KafkaApi> = ValueOf<(typeof kafkaRequests)[Api]['request']>;
/** The fields of a response. */
export type ResponseOf<Api extends KafkaApi> = ValueOf<(typeof kafkaRequests)[Api]['response']>;

/** Codes of errors that scripted brokers answer by themselves. */
export const kafkaErrors = {
  none: 0,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  notCoordinator: 16,
  illegalGeneration: 22,
  unknownMember: 25,
  topicAlreadyExists: 36,
};
