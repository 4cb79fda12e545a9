import { type DynamicModule, Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Registry as Metrics } from 'prom-client';
import { KAFKA, type KafkaGateway } from '#kafka';
import { PayloadStore } from '#objects';
import { type Clock, CLOCK, ExpressRate, type Logger, LOGGER, METRICS, type Tracing, TRACING } from '#platform';
import { Registry } from '#registry';
import { type Home, HOME } from '../names/home.ts';
import { NamesModule } from '../names/names.module.ts';
import { Acceptor } from './acceptor.ts';
import { CancelController } from './cancel.controller.ts';
import { Canceller } from './canceller.ts';
import { IdempotencyKeys } from './idempotency-keys.ts';
import { IntakePace } from './intake-pace.ts';
import { IntakeController } from './intake.controller.ts';
import { countArrivals, countEvictedKeys } from './invocation-metrics.ts';
import { KeptInvocations } from './kept-invocations.ts';
import { LargePayloads } from './large-payloads.ts';
import { InvocationRoutes, SYNC_ROUTE_OPTIONS } from './invocation-routes.ts';

/** Settings of the {@link InvocationsModule}. */
export interface InvocationsOptions {
  readonly idempotencyKeysMax: number;
  readonly acceptTimeoutMs: number;
  readonly intakeRecordsMax: number;
  readonly syncCallsMax: number;
  readonly syncWaitMs: number;
  readonly storedPayloadBytesMax: number;
  readonly storedPayloadsBytesMax: number;
  readonly storedPayloadsHours: number;
}

/**
 * Accepts invocations through both doors, calls functions for callers who wait, and cancels
 * invocations.
 */
@Module({})
export class InvocationsModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(IdempotencyKeys) private readonly keys: IdempotencyKeys,
    @Inject(LargePayloads) private readonly payloads: LargePayloads,
  ) {}

  static register(options: InvocationsOptions): DynamicModule {
    return {
      module: InvocationsModule,
      imports: [NamesModule],
      controllers: [CancelController, IntakeController],
      providers: [
        acceptorProvider,
        idempotencyKeysProvider(options),
        largePayloadsProvider(options),
        { provide: IntakePace, useValue: new IntakePace({ recordsMax: options.intakeRecordsMax, perTurn: intakePerTurn }) },
        { provide: SYNC_ROUTE_OPTIONS, useValue: { callsMax: options.syncCallsMax, waitMs: options.syncWaitMs } },
        Canceller,
        InvocationRoutes,
        KeptInvocations,
      ],
      exports: [Acceptor, IdempotencyKeys, KeptInvocations, LargePayloads],
    };
  }

  /** Resolves when every idempotency key of the last day is known: before the first request. */
  onModuleInit(): Promise<void> {
    this.payloads.start();
    return this.keys.start();
  }

  onApplicationShutdown(): Promise<void> {
    this.payloads.close();
    return this.keys.close();
  }
}

/** Records of the Kafka door that begin in one turn: about 1 ms of work. */
const intakePerTurn = 32;

const acceptorProvider = {
  provide: Acceptor,
  useFactory: (
    registry: Registry,
    { publisher, topics }: KafkaGateway,
    clock: Clock,
    rate: ExpressRate,
    keys: IdempotencyKeys,
    metrics: Metrics,
    { region }: Home,
    tracing: Tracing,
    payloads: LargePayloads,
  ) =>
    new Acceptor({ registry, publisher, clock, rate, keys, observer: countArrivals(metrics), region, topics, tracing, payloads }),
  inject: [Registry, KAFKA, CLOCK, ExpressRate, IdempotencyKeys, METRICS, HOME, TRACING, LargePayloads],
};

function idempotencyKeysProvider({ idempotencyKeysMax: keysMax, acceptTimeoutMs: claimTimeoutMs }: InvocationsOptions) {
  return {
    provide: IdempotencyKeys,
    useFactory: (gateway: KafkaGateway, clock: Clock, metrics: Metrics) =>
      new IdempotencyKeys({ gateway, clock, keysMax, claimTimeoutMs, evicted: countEvictedKeys(metrics) }),
    inject: [KAFKA, CLOCK, METRICS],
  };
}

function largePayloadsProvider(options: InvocationsOptions) {
  const { storedPayloadBytesMax: bytesMax, storedPayloadsBytesMax: allBytesMax, storedPayloadsHours } = options;
  return {
    provide: LargePayloads,
    useFactory: (store: PayloadStore, clock: Clock, logger: Logger) =>
      new LargePayloads({ store, clock, logger, bytesMax, allBytesMax, keptMs: storedPayloadsHours * 3_600_000 }),
    inject: [PayloadStore, CLOCK, LOGGER],
  };
}
