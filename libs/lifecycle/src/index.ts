export { accept, callRefusalOf, chosenMemory, type FunctionKnown, type Refusal } from './accept.ts';
export {
  accessOf,
  covers,
  type FunctionName,
  isUnlimited,
  mayInvoke,
  mayPass,
  mayUse,
  mayUseTopic,
  patternsByDefault,
} from './access.ts';
export { admit } from './admit.ts';
export {
  afterDelivery,
  defaultDeliveryPolicy,
  type DeliveryPolicy,
  type DeliveryResult,
  isExpired,
  isFaultOfBrokers,
  type TryResult,
} from './after-delivery.ts';
export { chooseVersion, type RequestSigns, versionsBehind } from './choose-version.ts';
export { type AttemptOutcome, type Circumstances, decide } from './decide.ts';
export { delayTopicFor, leavesAt } from './delay-topic.ts';
export { explain, type FailingTarget, openCircuitReason, type Situation, type Wait, type WaitsFor } from './explain.ts';
export { findCycle } from './find-cycle.ts';
export { fold, type FoldedRecord } from './fold.ts';
export { foldClaim, type IdempotencyClaim, isOver, nextIdempotencyStep } from './idempotency.ts';
export { placesMax, withPlace } from './record-place.ts';
export { type BacklogFacts, type Expiring, forecast, type Forecast } from './forecast.ts';
export { grants, isGranted } from './is-granted.ts';
export { statusAfter } from './history.ts';
export { type AcceptedEvent, isMadeAnew } from './is-made-anew.ts';
export { isSubscribed } from './is-subscribed.ts';
export { type FoundAttempt, nextChance, type NextChance } from './next-chance.ts';
export { notificationMessage, type TimestampForm } from './notification-message.ts';
export { lostDeliveryEvents, lostEvents, overAt, type PlaceFate, vanishedEvents } from './over.ts';
export { pausedWait, waitWhilePaused } from './pause.ts';
export { release, type Waiting } from './release.ts';
export { cancelledMessage, type Ending, settledWithoutRun, lostSettlement, settlementOf } from './settle.ts';
export type { EventSubject, StatusEvent } from './status-event.ts';
export { type PresentPolicy, type RecordedInvocation, recordedInvocationOf } from './recorded-invocation.ts';
export { replayPolicy, type Replayed, type ReplayedPolicyResult } from './replay-policy.ts';
export { type RecordSample, type SampledSpan, sampleOf } from './sample-records.ts';
export { type FailureModel, seededRandom, simulatePolicy, type SimulatedPolicy } from './simulate-policy.ts';
export { runningShownAfterMs } from './running-shown.ts';
export { type ConditionCounts, type SimulatedPolicyResult, simulationBounds } from './simulation-result.ts';
export {
  type CircuitState,
  circuitStateOf,
  healthAfter,
  switchedOffReason,
  switchOffAfter,
  type SwitchOffLimits,
  type TriedTarget,
} from './target-health.ts';
export { targetFor } from './target-for.ts';
export { type Writer, writersOf } from './writer-of.ts';
export {
  failedOf,
  firstRun,
  isActiveRedrive,
  leftOf,
  nextRedriveStep,
  passesCanary,
  type Redrive,
  type RedriveState,
  redriveStateOf,
  type RedriveStep,
  resumedRun,
  withEnds,
} from './redrive.ts';
