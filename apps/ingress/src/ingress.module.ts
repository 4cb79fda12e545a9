import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Counter, type Registry as Metrics } from 'prom-client';
import type { ObjectStore } from '#objects';
import { type Clock, CLOCK, gaugeBy, gaugeOf, type Logger, Sealer } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import { AbsentFeaturesController } from './functions/absent-features.controller.ts';
import { type AcceptObserver, Acceptor } from './invocations/acceptor.ts';
import { AliasesController } from './functions/versions/aliases.controller.ts';
import { ApiErrorFilter } from './http/api-error.filter.ts';
import { ArchivesController } from './functions/code/archives.controller.ts';
import type { BodyOwner } from './http/body-allowance.ts';
import { CancelController } from './invocations/cancel.controller.ts';
import { Canceller } from './invocations/canceller.ts';
import { CredentialsController } from './access/credentials.controller.ts';
import { ExportsController } from './functions/code/exports.controller.ts';
import { CodeIntake } from './functions/code/function-code.ts';
import { FunctionMaker } from './functions/function-maker.ts';
import { FunctionNames } from './names/function-names.ts';
import { FunctionsController } from './functions/functions.controller.ts';
import { IamController } from './access/iam.controller.ts';
import { IntakeController } from './invocations/intake.controller.ts';
import { PlacesController } from './policies/places.controller.ts';
import { PoliciesController } from './policies/policies.controller.ts';
import { RecordsController } from './records/records.controller.ts';
import { ReservedInstancesController } from './functions/reserved-instances.controller.ts';
import { StatusLogController } from './records/status-log.controller.ts';
import { LogStreamsController } from './records/log-streams.controller.ts';
import type { StatusRecords } from './records/status-records.ts';
import { CODE_STORE, INGRESS_OPTIONS, type IngressOptions, STATUS_RECORDS } from './tokens.ts';
import { SubscriptionLinksController } from './topics/subscription-links.controller.ts';
import { SubscriptionsController } from './topics/subscriptions.controller.ts';
import { TopicMessages } from './topics/topic-messages.ts';
import { TopicNames } from './names/topic-names.ts';
import { TagsController } from './functions/tags.controller.ts';
import { TopicTagsController } from './topics/topic-tags.controller.ts';
import { TopicsController } from './topics/topics.controller.ts';
import { VersionsController } from './functions/versions/versions.controller.ts';

/** What the ingress is made of. */
export interface IngressParts {
  readonly registry: Registry;
  readonly writer: RegistryWriter;
  readonly names: FunctionNames;
  readonly acceptor: Acceptor;
  readonly canceller: Canceller;
  readonly records: StatusRecords;
  readonly messages: TopicMessages;
  readonly codeStore: ObjectStore;
  readonly sealer: Sealer;
  readonly options: IngressOptions;
  readonly logger: Logger;
}

/** The ingress accepts: it is the API, and the Kafka door. */
@Module({})
export class IngressModule {
  static register(parts: IngressParts): DynamicModule {
    const { registry, writer, names, acceptor, canceller, records, messages, codeStore, sealer, options, logger } = parts;
    const codes = new CodeIntake(codeStore);
    return {
      module: IngressModule,
      // StatusLogController and ReservedInstancesController first: their paths stand where a function's URN may.
      controllers: [
        StatusLogController,
        ReservedInstancesController,
        FunctionsController,
        VersionsController,
        AliasesController,
        ArchivesController,
        ExportsController,
        PoliciesController,
        RecordsController,
        CredentialsController,
        CancelController,
        PlacesController,
        TagsController,
        TopicsController,
        TopicTagsController,
        SubscriptionsController,
        SubscriptionLinksController,
        AbsentFeaturesController,
        LogStreamsController,
        IamController,
        IntakeController,
      ],
      providers: [
        { provide: Registry, useValue: registry },
        { provide: RegistryWriter, useValue: writer },
        { provide: Acceptor, useValue: acceptor },
        { provide: Canceller, useValue: canceller },
        { provide: STATUS_RECORDS, useValue: records },
        { provide: CODE_STORE, useValue: codeStore },
        { provide: CodeIntake, useValue: codes },
        {
          provide: FunctionMaker,
          useFactory: (clock: Clock) => new FunctionMaker({ registry, writer, codes, sealer, clock, options }),
          inject: [CLOCK],
        },
        { provide: Sealer, useValue: sealer },
        { provide: INGRESS_OPTIONS, useValue: options },
        { provide: FunctionNames, useValue: names },
        { provide: TopicNames, useValue: new TopicNames(registry) },
        { provide: TopicMessages, useValue: messages },
        { provide: APP_FILTER, useValue: new ApiErrorFilter(logger) },
      ],
    };
  }
}

/** Shows how near synchronous invocations are to their bound. */
export function gaugeSyncCalls(metrics: Metrics, underWay: () => number): void {
  gaugeOf(metrics, 'sendoff_sync_calls', 'Synchronous invocations under way.', underWay);
}

/** Shows how near request bodies are to their bound. */
export function gaugeBodies(metrics: Metrics, held: Readonly<Record<BodyOwner, number>>): void {
  const help = 'Bytes of request bodies under way: of callers known before, and of those whose signature the body proves.';
  gaugeBy(metrics, 'sendoff_body_bytes', help, 'owner', () => held);
}

/** Counts arrivals of both doors by what became of them. */
export function countArrivals(metrics: Metrics): AcceptObserver {
  const arrivals = new Counter({
    name: 'sendoff_arrivals_total',
    help: 'Invocations asked for, by what became of them.',
    labelNames: ['outcome'],
    registers: [metrics],
  });
  return { arrived: (outcome) => arrivals.inc({ outcome }) };
}

/** Counts idempotency keys that were forgotten before their day was over, for want of room. */
export function countForgottenKeys(metrics: Metrics): () => void {
  const forgotten = new Counter({
    name: 'sendoff_idempotency_keys_forgotten_total',
    help: 'Idempotency keys forgotten before their day was over: INGRESS_IDEMPOTENCY_KEYS_MAX is too low.',
    registers: [metrics],
  });
  return () => forgotten.inc();
}

/** Counts callers who were turned away, by the code they were answered with. */
export function countTurnedAway(metrics: Metrics): (code: string) => void {
  const turnedAway = new Counter({
    name: 'sendoff_callers_turned_away_total',
    help: 'Requests without credentials, with wrong ones, or without the right, by error code.',
    labelNames: ['code'],
    registers: [metrics],
  });
  return (code) => turnedAway.inc({ code });
}

/** Counts connections that were closed as they came, as there were too many. */
export function countDropped(metrics: Metrics): () => void {
  const dropped = new Counter({
    name: 'sendoff_connections_dropped_total',
    help: 'Connections closed as they came, as INGRESS_CONNECTIONS_MAX were open.',
    registers: [metrics],
  });
  return () => dropped.inc();
}
