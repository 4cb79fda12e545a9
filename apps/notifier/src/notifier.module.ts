import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Registry as Metrics } from 'prom-client';
import { type TargetHealth, targetOfKey } from '#contracts';
import type { KafkaGateway } from '#kafka';
import { s3Of } from '#objects';
import {
  AllowedNetworks,
  type Clock,
  type Logger,
  type Random,
  type Sealer,
  SubscriptionTokens,
  type TargetStates,
  type Tracing,
} from '#platform';
import type { Registry } from '#registry';
import { ChainedInvocations } from './adapters/chained-invocations.ts';
import { FolderDestination } from './adapters/folder-destination.ts';
import { FunctionDestination } from './adapters/function-destination.ts';
import { RegistryDirectory } from './adapters/registry-directory.ts';
import { S3Destination } from './adapters/s3-destination.ts';
import { StreamDestination } from './adapters/stream-destination.ts';
import { SubscriptionDestination } from './adapters/subscription-destination.ts';
import { TopicDestination } from './adapters/topic-destination.ts';
import { UserTopics } from './adapters/user-topics.ts';
import { WebhookClient } from './adapters/webhook-client.ts';
import type { KnownFailures } from './circuit-breaker.ts';
import { Deliveries } from './deliveries.ts';
import { observeDeliveries } from './delivery-metrics.ts';
import type { DestinationsByType } from './destination.ts';
import type { NotifierConfig } from './notifier.config.ts';
import { SettlementsController } from './settlements.controller.ts';
import { partitionLimitsOf } from './partition-room.ts';
import { TargetQueues } from './target-queues.ts';
import { TargetWatch } from './target-watch.ts';
import { DELIVERIES } from './tokens.ts';

/** The clients and settings that the notifier is made of. */
export interface NotifierParts {
  readonly config: Readonly<NotifierConfig>;
  readonly gateway: KafkaGateway;
  readonly registry: Registry;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** Read to its end, and follows its topic. */
  readonly targetStates: TargetStates;
  readonly watch: TargetWatch;
}

/** An adapter for each kind of target, and the function that closes all of them. */
export interface OpenDestinations {
  readonly byType: DestinationsByType;
  close(): void;
}

function objectStore({ config, clock, logger }: NotifierParts): { destination: DestinationsByType['OBS']; close: () => void } {
  const s3 = s3Of(config);
  if (s3 !== undefined) return { destination: new S3Destination(s3, clock), close: () => undefined };
  const folder = new FolderDestination(join(config.dataDir, 'objects'), clock, logger);
  folder.start();
  return { destination: folder, close: () => folder.close() };
}

/** Makes the watch over the health of targets. */
export function openTargetWatch({
  config,
  gateway,
  clock,
  logger,
  targetStates: states,
}: Omit<NotifierParts, 'watch'>): TargetWatch {
  const { publisher, topics } = gateway;
  const { breakerFailuresMax: failuresMin, switchOffMs: failingMaxMs, goneSwitchOffMs: goneMaxMs } = config;
  const limits = { failuresMin, failingMaxMs, goneMaxMs };
  return new TargetWatch({ states, publisher, topic: topics.name('targets'), limits, clock, logger });
}

/** Makes an adapter for each kind of target. */
export function openDestinations(parts: NotifierParts): OpenDestinations {
  const { config, gateway, registry, sealer, clock } = parts;
  const { region } = config;
  const { publisher, topics } = gateway;
  const userTopics = new UserTopics(gateway.admin, publisher, config.partitions);
  const chained = new ChainedInvocations({ publisher, registry, topics, region });
  const objects = objectStore(parts);
  const webhooks = new WebhookClient(new AllowedNetworks(config.webhookNetworks), config.targetTriesMax, clock);
  const subscriptions = new SubscriptionDestination({
    registry,
    chained,
    clock,
    webhooks,
    sealer,
    tokens: new SubscriptionTokens(sealer),
    ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
    timeoutMs: config.webhookTimeoutMs,
  });
  return {
    byType: {
      OBS: objects.destination,
      DIS: new StreamDestination(userTopics, registry, topics),
      SMN: new TopicDestination(userTopics, topics),
      FunctionGraph: new FunctionDestination(chained),
      Subscription: subscriptions,
    },
    close() {
      objects.close();
      webhooks.close();
    },
  };
}

/** The failures before a restart, or at other notifiers: the breaker begins with them. */
function knownFailures(health: TargetHealth | undefined, clock: Clock): KnownFailures | undefined {
  if (health === undefined) return undefined;
  const { failures, openUntil } = health;
  return { failures, openUntil: openUntil === undefined ? 0 : clock.elapsedMs() + (openUntil - clock.now()) };
}

/** The notifier delivers: tells each target how an invocation ended. */
@Module({})
export class NotifierModule {
  static register(parts: NotifierParts, destinations: DestinationsByType, readAtOnce: () => void): DynamicModule {
    const { config, gateway, registry, clock, random, metrics, targetStates, watch } = parts;
    const { targetTriesMax, targetQueueMax, breakerFailuresMax, breakerOpenMs } = config;
    const queues = new TargetQueues(
      {
        triesMax: targetTriesMax,
        waitingMax: targetQueueMax,
        partition: partitionLimitsOf(config.partitions),
        failuresMax: breakerFailuresMax,
        openMs: breakerOpenMs,
      },
      clock,
      (key) => knownFailures(watch.healthOf(targetOfKey(key)), clock),
    );
    const deliveries = new Deliveries({
      destinations,
      directory: new RegistryDirectory(registry),
      publisher: gateway.publisher,
      topics: gateway.topics,
      readAtOnce,
      queues,
      watch,
      policy: { triesMax: config.triesMax, backoff: { baseMs: config.waitBaseMs, maxMs: config.waitMaxMs } },
      clock,
      random,
      tracing: parts.tracing,
      observer: observeDeliveries(metrics, queues, targetStates),
      tryTimeoutMs: config.tryTimeoutMs,
      timestampForm: config.timestampForm,
    });
    return {
      module: NotifierModule,
      controllers: [SettlementsController],
      providers: [{ provide: DELIVERIES, useValue: deliveries }],
    };
  }
}
