import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { Counter, Histogram, type Registry as Metrics } from 'prom-client';
import { KAFKA, type KafkaGateway } from '#kafka';
import { type Clock, DayFiles, InternalTokenCheck } from '#platform';
import { FolderStatusLog } from './adapters/folder-status-log.ts';
import { StdoutStatusLog } from './adapters/stdout-status-log.ts';
import { Recorder, type RecorderObserver } from './recorder.ts';
import { type CatchUp, RecordsController } from './records.controller.ts';
import type { StatusLoggerConfig } from './status-logger.config.ts';
import type { StatusStore } from './status-store.ts';
import { CATCH_UP, RECORDER, STATUS_STORE } from './tokens.ts';
import { WorkTopicsController } from './work-topics.controller.ts';

/** The parts that `main` makes and the module needs. */
export interface StatusLoggerParts {
  readonly config: Readonly<StatusLoggerConfig>;
  readonly gateway: KafkaGateway;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly store: StatusStore;
  /** Checks who asks for records. */
  readonly tokens: InternalTokenCheck;
  readonly catchUp: CatchUp;
}

/** The status-logger records the status of every invocation. */
@Module({})
export class StatusLoggerModule {
  static register({ config, gateway, clock, metrics, store, tokens, catchUp }: StatusLoggerParts): DynamicModule {
    const { statusLogSink, dataDir } = config;
    const limits = {
      fileBytesMax: config.statusLogFileBytesMax,
      filesMax: config.statusLogFilesMax,
      daysMax: config.statusLogDaysMax,
    };
    const files = new DayFiles(join(dataDir, 'status-log'), clock, limits);
    const log = statusLogSink === 'stdout' ? new StdoutStatusLog() : new FolderStatusLog(files);
    return {
      module: StatusLoggerModule,
      controllers: [WorkTopicsController, RecordsController],
      providers: [
        { provide: STATUS_STORE, useValue: store },
        { provide: CATCH_UP, useValue: catchUp },
        { provide: RECORDER, useValue: new Recorder(store, log, clock, recorderMetrics(metrics)) },
        { provide: InternalTokenCheck, useValue: tokens },
        { provide: KAFKA, useValue: gateway },
      ],
    };
  }
}

/** Counts the invocations that the {@link Retention} found lost. */
export function lostInvocations(metrics: Metrics): Counter {
  return new Counter({
    name: 'sendoff_invocations_lost_total',
    help: 'Invocations and deliveries of which Kafka removed the record before a service had read it.',
    registers: [metrics],
  });
}

function recorderMetrics(metrics: Metrics): RecorderObserver {
  const registers = [metrics];
  const records = new Counter({
    name: 'sendoff_status_events_total',
    help: 'Records of work topics in transactions of the store, failed ones included.',
    registers,
  });
  const seconds = new Histogram({
    name: 'sendoff_status_store_seconds',
    help: 'Duration of one transaction of the store, in seconds.',
    registers,
  });
  return {
    transactionEnded(count, tookSeconds) {
      records.inc(count);
      seconds.observe(tookSeconds);
    },
  };
}
