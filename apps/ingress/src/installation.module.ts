import { type DynamicModule, Global, Module } from '@nestjs/common';
import { KAFKA, type KafkaGateway } from '#kafka';
import { type BucketReader, type ObjectStore, PayloadStore } from '#objects';
import { ExpressRate, TargetStates } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import type { FunctionWalls } from './access/function-walls.ts';
import { BUCKET_READER } from './contents/bucket-reader.ts';
import { CODE_STORE } from './functions/code/code-store.ts';
import type { IngressConfig } from './ingress.config.ts';
import { FUNCTION_CALLS, type FunctionCalls } from './invocations/function-calls.ts';
import { FUNCTION_LOGS, type FunctionLogs } from './functions/logs/function-logs.ts';
import { EXECUTOR_QUEUES, type ExecutorQueues } from './history/executor-queues.ts';
import { IS_DRAINING, LIVE_SOURCES, type LiveSources } from './history/live-sources.ts';
import { HOME, type Home } from './names/home.ts';
import { TestsUnderWay } from './records/target-tests.ts';
import { STATUS_RECORDS, type StatusRecords } from './records/status-records.ts';

/** The adapters of the ingress, opened by main or by a test. */
export interface IngressAdapters {
  readonly gateway: KafkaGateway;
  readonly records: StatusRecords;
  readonly codeStore: ObjectStore;
  readonly payloads: PayloadStore;
  readonly buckets: BucketReader;
  readonly calls: FunctionCalls;
  readonly logs: FunctionLogs;
  readonly queues: ExecutorQueues;
  readonly live: LiveSources;
  readonly walls: FunctionWalls;
}

/** The installation that the ingress is a part of. */
export interface Installation extends IngressAdapters {
  readonly config: Pick<IngressConfig, 'region' | 'projectId'>;
  /** Shared with the other ingresses. */
  readonly rate: ExpressRate;
  /** Read to its end. */
  readonly registry: Registry;
  readonly writer: RegistryWriter;
  /** Read to their end. */
  readonly targetStates: TargetStates;
  readonly testsUnderWay: TestsUnderWay;
  /** Whether the process drains. */
  readonly isDraining: () => boolean;
}

/**
 * Provides for all modules what belongs to the installation: its names, Kafka, the registry, the
 * object store and other services.
 */
@Global()
@Module({})
export class InstallationModule {
  static register({
    config,
    gateway,
    records,
    codeStore,
    payloads,
    buckets,
    calls,
    logs,
    queues,
    live,
    isDraining,
    registry,
    writer,
    targetStates,
    testsUnderWay,
    rate,
  }: Installation): DynamicModule {
    const { region, projectId: project } = config;
    const providers = [
      { provide: HOME, useValue: { region, project } satisfies Home },
      { provide: KAFKA, useValue: gateway },
      { provide: ExpressRate, useValue: rate },
      { provide: Registry, useValue: registry },
      { provide: RegistryWriter, useValue: writer },
      { provide: TargetStates, useValue: targetStates },
      { provide: TestsUnderWay, useValue: testsUnderWay },
      { provide: CODE_STORE, useValue: codeStore },
      { provide: PayloadStore, useValue: payloads },
      { provide: BUCKET_READER, useValue: buckets },
      { provide: STATUS_RECORDS, useValue: records },
      { provide: FUNCTION_CALLS, useValue: calls },
      { provide: FUNCTION_LOGS, useValue: logs },
      { provide: LIVE_SOURCES, useValue: live },
      { provide: IS_DRAINING, useValue: isDraining },
      { provide: EXECUTOR_QUEUES, useValue: queues },
    ];
    return { module: InstallationModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
