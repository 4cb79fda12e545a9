export { answerHeaders, bareAnswer, setAnswerHeaders } from './answer-headers.ts';
export * from './basics/index.ts';
export { BoundedSignal } from './bounded-signal.ts';
export { type CancelSignal, CancelSource } from './cancel-signal.ts';
export { callSecretOf } from './call-secret.ts';
export { type Cancellable, Cancellations, isPurgedBy } from './cancellations.ts';
export { DayFiles } from './day-files.ts';
export { Deadlines } from './deadlines.ts';
export { configInvalidExitCode, isLackOfSystem, refusedExitCode, unavailableExitCode } from './exit-codes.ts';
export { ExpressRate } from './express-rate.ts';
export { FairShare } from './fair-share.ts';
export { fastifyOf } from './fastify-of.ts';
export { InternalTokenCheck, internalTokenHeader, InternalTokens } from './internal-tokens.ts';
export { lockFile } from './file-lock.ts';
export { lockFolder } from './folder-lock.ts';
export { gaugeBy, gaugeOf } from './gauge-of.ts';
export { durationBuckets, latenessBuckets } from './histogram-buckets.ts';
export { KafkaAccessSettings, type KafkaAccessValues, usesSasl, usesTls } from './kafka-settings.ts';
export { documentConfig, loadConfig, Setting, settingGroupsOf, withSettings } from './load-config.ts';
export { settingRulesOf } from './setting-rules.ts';
export { type Isolation, type IsolationLevel, isolationLevels } from './isolation.ts';
export { createLogger, type Logger } from './logger.ts';
export { AllowedNetworks, type NetworkRules4, networkRules4 } from './networks.ts';
export { type ComparedClock } from './platform-clock.ts';
export { isProcessGone, nameOfProcess } from './process-name.ts';
export { RecentWork, type Taken } from './recent-work.ts';
export { Changes } from './changes.ts';
export { Fifo } from './fifo.ts';
export { growingCache } from './growing-cache.ts';
export { hmacSha256 } from './hmac.ts';
export { moduleBeside } from './module-beside.ts';
export { newRequestId, timeGroups } from './request-id.ts';
export { RepeatedWork } from './repeated-work.ts';
export { FailureStreak } from './failure-streak.ts';
export { RetentionClock } from './retention-clock.ts';
export { retryAfterMs } from './retry-after.ts';
export { runningTimer } from './running-timer.ts';
export { ShortLivedMap } from './short-lived-map.ts';
export {
  type InstallationKeys,
  openInstallationKeys,
  openSubscriptionSealer,
  openFunctionsSealer,
  openVerifier,
  serviceKeysOf,
} from './installation-keys.ts';
export { Sealer } from './sealer.ts';
export { Signer, Verifier } from './signing.ts';
export { isSameSecret } from './secrets.ts';
export { sharedReading } from './shared-reading.ts';
export { batchBytesMaxDefault, recordTriesMaxDefault, ServiceConfig } from './service.config.ts';
export {
  BrokerAddresses,
  DataFolderSettings,
  FunctionFolderSettings,
  FunctionNetworkSettings,
  HostSettings,
  IsolationSettings,
  KafkaTopicSettings,
  PlatformKeySettings,
  PublicKeySettings,
  RegionSettings,
  SigningKeySettings,
  SubscriptionKeySettings,
  FunctionsKeySettings,
  WebhookSettings,
} from './setting-groups.ts';
export { SubscriptionTokens, type TokenPurpose } from './subscription-tokens.ts';
export { Places } from './places.ts';
export { TargetStates } from './target-states.ts';
export { textSource, type TextSource } from './text-source.ts';
export { TimeSinceArrival, timerAt } from './time-since-arrival.ts';
export { CLOCK, LOGGER, METRICS, TRACING } from './tokens.ts';
export { type Act, type ActEnd, type Tracing, untraced } from './tracing.ts';
export { AddressRefused, UserUrlClient } from './user-url-client.ts';
export { TurnBudget } from './turn-budget.ts';
export { webhookKey, webhookSignature } from './webhook-signature.ts';
export { onClose } from './on-close.ts';
export { ownUrl } from './own-url.ts';
