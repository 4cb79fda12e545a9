export { type Activity, decodeActivity, encodeActivity } from './activity.ts';
export { bounds } from './bounds.ts';
export { bucketNamePattern, bucketNameRule } from './bucket.ts';
export {
  type CallAnswer,
  type CallEnding,
  callHeader,
  callPath,
  type CallReport,
  callReportBytesHeader,
  type CallRequest,
  decodeCallAnswer,
  decodeCallRequest,
  encodeCallAnswer,
  encodeCallRequest,
} from './call.ts';
export {
  type Cancellation,
  cancellationKey,
  decodeCancellation,
  decodePurge,
  encodeCancellation,
  encodePurge,
  type Purge,
} from './cancellation.ts';
export { type Condition, conditions, conditionOfCode, endedStatuses, isCondition, type Status, statuses } from './condition.ts';
export { auditBegun, type AuditEntry, auditObjectLengthMax, decodeAuditEntry, encodeAuditEntry } from './audit.ts';
export { beginningOf, lastLines } from './cut-text.ts';
export { asDeadLetter, cloudEventHeader, cloudEventHeaders, springHeader } from './dead-letter.ts';
export { type DeliveryEvent, eventExpiresAt, eventId, eventProject } from './delivery-event.ts';
export {
  decodeDelivery,
  deliveryIdOf,
  redriveStartKey,
  type DeliveryTarget,
  type DeliveryTargetType,
  encodeDelivery,
  type PendingDelivery,
  type SubscriptionTarget,
  subscriptionOf,
} from './delivery.ts';
export {
  destinationKinds,
  type Destinations,
  type DestinationType,
  destinationTypes,
  isPolicyTarget,
  placeKind,
  type PlaceType,
  placeTypes,
  resourceOf,
  type Target,
} from './destinations.ts';
export { type EpochMs, epochMs } from './epoch-ms.ts';
export {
  type BacklogReport,
  type FunctionTally,
  type LedgerPage,
  type LedgerProof,
  type LedgerSummary,
  type MinutesQuery,
  type MinuteTally,
  type TotalsQuery,
  unaccountedMax,
} from './ledger.ts';
export { endedByCondition, endedOf, inFlightOf, type Tally, tallyExtremes, type TallySum, tallySums } from './tally.ts';
export { errorCatalogue, type ErrorCode, PlatformError } from './errors.ts';
export {
  bareUrnOf,
  formatBareUrn,
  formatFunctionUrn,
  type FunctionUrn,
  parseFunctionUrn,
  readFunctionUrn,
  type UrnDefaults,
  type UrnReading,
} from './function-urn.ts';
export { header, intakeHeader, registryHeader, rejectHeader } from './headers.ts';
export { decodeIdempotency, encodeIdempotency, type IdempotencyEvent } from './idempotency.ts';
export { laneSpread } from './lanes.ts';
export { decodeInvocation, encodeInvocation, type Invocation, nextAttempt, type StampedPolicy } from './invocation.ts';
export {
  invocationTagPattern,
  invocationTagsPattern,
  invocationTagsRule,
  readInvocationTags,
} from './invocation-tags.ts';
export {
  deliveryStates,
  type Notice,
  noticeCountMax,
  noticeFunctionsMax,
  type NoticePage,
  type NoticePlace,
  type NoticeQuery,
  type TargetNotices,
  type TargetPage,
  type TargetQuery,
} from './notice.ts';
export { failureRouteOf, invocationOfRoute } from './failure-route.ts';
export { type KafkaOperation, type KafkaRight, kafkaRightsOf } from './kafka-rights.ts';
export { isMemorySizeMb, limits, memorySizesMb } from './limits.ts';
export { isRequestId } from './request-id.ts';
export { indentedLines, printable, printableJson, printableLines } from './printable.ts';
export type { MessageAttribute, MessageTexts, Publication } from './publication.ts';
export type { IncomingRecord, OutgoingRecord, RecordHeaders, Spread } from './record.ts';
export {
  type Access,
  type AccessRight,
  accessRights,
  type AgencyDocument,
  type AliasDocument,
  type AliasRule,
  boundIdOf,
  type CredentialDocument,
  type FunctionCode,
  type FunctionDocument,
  type Pause,
  type PlaceDocument,
  type PolicyDocument,
  type ProjectDocument,
  type RegistryDocument,
  type SteeringDocument,
  type SubscriptionDocument,
  type TopicDocument,
  type VersionDocument,
} from './registry-documents.ts';
export {
  agencyKey,
  aliasKey,
  credentialKey,
  functionKey,
  placeKey,
  policyKey,
  projectKey,
  registryKey,
  steeringKey,
  topicKey,
  userDataOwner,
  versionKey,
} from './registry-keys.ts';
export { functionLogPath, type FunctionLogLine, type FunctionLogPage, type FunctionLogQuery } from './function-log.ts';
export { type Backoff, retryPolicy } from './retry-policy.ts';
export { type ProcessRuntimeKind, type RuntimeDescriptor, runtimeOf, runtimeWords } from './runtimes.ts';
export { decodeSettlement, encodeSettlement, madeFromOf, type Settlement } from './settlement.ts';
export {
  checkFormat,
  checkIntakeFormat,
  formatHeaders,
  formatVersionHeader,
  intakeFormatVersions,
  recordFormats,
} from './record-format.ts';
export {
  type FoundRecord,
  type InvocationHistory,
  type InvocationSearch,
  type InvocationSearchPage,
  readSearchMarker,
  searchMarker,
  searchMarkerPattern,
  searchNamesMax,
} from './invocation-search.ts';
export {
  type LivePage,
  type LivePlace,
  type LiveQuery,
  type LiveTransition,
  liveTransitionsPath,
} from './live-transitions.ts';
export type { DeliveryStatus, StatusPage, StatusQuery, StatusRecord } from './status-record.ts';
export { partitionName } from './partition-name.ts';
export { asksForAttempts, placeOf, type RecordPlace } from './record-place.ts';
export {
  addRejects,
  noProject,
  readReject,
  refusedFor,
  type Reject,
  rejectCodes,
  type RejectCode,
  type RejectCounts,
  rejectFacts,
  rejectFunctionsMax,
  type RejectPage,
  type RejectPlace,
  type RejectQuery,
  rejectReasonLengthMax,
  rejectsOf,
} from './reject.ts';
export {
  decodeRedriveChange,
  encodeRedriveChange,
  redriveBounds,
  type RedriveChange,
  redriveChangeKey,
  type RedriveKind,
  redriveKinds,
  type RedriveOrder,
  redriveParentTag,
  type RedriveRefusal,
  type RedriveRun,
  type RedriveSelection,
  type RedriveSpec,
  redriveTag,
} from './redrive.ts';
export { decodeRedrivenEnd, encodeRedrivenEnd, type RedrivenEnd } from './redriven.ts';
export { confirmUrl, subscriptionPaths, unsubscribeUrl } from './subscription-links.ts';
export {
  decodeTargetChange,
  encodeTargetChange,
  type SwitchOff,
  type TargetChange,
  targetChangeKey,
  type TargetHealth,
  targetKey,
  type TargetName,
  targetOfKey,
  type TargetTest,
} from './target-state.ts';
export {
  type DelayTopic,
  dwells,
  type KafkaAccount,
  kafkaAccounts,
  nearHorizonMs,
  outsideAccount,
  type Service,
  services,
  topicDeclarations,
  type TopicName,
  topicsReadBy,
  topicsUsedBy,
  topicUsesOf,
  workTopicRetentionMs,
} from './topic-declarations.ts';
export { defaultTopicPrefix, pubSubNameLengthMax, topicPrefixLengthMax, Topics } from './topics.ts';
export { type QueuePlace, queuePlacePath, type QueuePlaceQuery } from './queue-place.ts';
export { traceparentOf } from './traceparent.ts';
export {
  type History,
  type Transition,
  transitionErrorMax,
  type TransitionKind,
  transitionKinds,
  transitionsKeptFirst,
  transitionsMax,
} from './transition.ts';
export { utcInstant, utcText } from './utc-text.ts';
export {
  afterStep,
  decodeWaiting,
  delayed,
  released,
  type ReleaseTo,
  requeued,
  type WaitingRecord,
} from './waiting.ts';
