import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { Counter, Histogram, type Registry as Metrics } from 'prom-client';
import { KAFKA, type KafkaGateway } from '#kafka';
import { type Clock, CLOCK, DayFiles, durationBuckets, InternalTokenCheck, type Logger } from '#platform';
import { FolderStatusLog } from './adapters/folder-status-log.ts';
import { StdoutStatusLog } from './adapters/stdout-status-log.ts';
import type { RecentTransitions } from './recent-transitions.ts';
import { LedgerCheck } from './ledger-check.ts';
import { LedgerController } from './ledger.controller.ts';
import { PairedRecords } from './paired-records.ts';
import type { Recorder, RecorderObserver } from './recorder.ts';
import { type CatchUp, RecordsController } from './records.controller.ts';
import { RejectsController } from './rejects.controller.ts';
import type { StatusLoggerConfig } from './status-logger.config.ts';
import type { StatusLog } from './status-log.ts';
import type { StatusStore } from './status-store.ts';
import { CATCH_UP, RECENT_TRANSITIONS, RECORDER, STATUS_STORE } from './tokens.ts';
import { WorkTopicsController } from './work-topics.controller.ts';

/** The parts that `main` makes and the module needs. */
export interface StatusLoggerParts {
  readonly gateway: KafkaGateway;
  readonly store: StatusStore;
  /** Checks who asks for records. */
  readonly tokens: InternalTokenCheck;
  readonly catchUp: CatchUp;
  readonly recorder: Recorder;
  readonly paired: PairedRecords;
  readonly recent: RecentTransitions;
  readonly ledger: LedgerCheck;
  readonly clock: Clock;
}

/** The status-logger records the status of every invocation. */
@Module({})
export class StatusLoggerModule {
  static register({
    gateway,
    store,
    tokens,
    catchUp,
    recorder,
    paired,
    recent,
    ledger,
    clock,
  }: StatusLoggerParts): DynamicModule {
    return {
      module: StatusLoggerModule,
      controllers: [WorkTopicsController, RejectsController, RecordsController, LedgerController],
      providers: [
        { provide: STATUS_STORE, useValue: store },
        { provide: CATCH_UP, useValue: catchUp },
        { provide: RECORDER, useValue: recorder },
        { provide: PairedRecords, useValue: paired },
        { provide: RECENT_TRANSITIONS, useValue: recent },
        { provide: LedgerCheck, useValue: ledger },
        { provide: CLOCK, useValue: clock },
        { provide: InternalTokenCheck, useValue: tokens },
        { provide: KAFKA, useValue: gateway },
      ],
    };
  }
}

/** The status log that the configuration asks for. */
export function statusLogOf(config: Readonly<StatusLoggerConfig>, clock: Clock): StatusLog {
  if (config.statusLogSink === 'stdout') return new StdoutStatusLog();
  const limits = {
    fileBytesMax: config.statusLogFileBytesMax,
    filesMax: config.statusLogFilesMax,
    daysMax: config.statusLogDaysMax,
  };
  return new FolderStatusLog(new DayFiles(join(config.dataDir, 'status-log'), clock, limits));
}

/** Counts the invocations and deliveries that were lost; see {@link LostRecords}. */
export function lostInvocations(metrics: Metrics): Counter {
  return new Counter({
    name: 'sendoff_invocations_lost_total',
    help: 'Invocations and deliveries of which the record was gone before a service had finished it.',
    registers: [metrics],
  });
}

/** Counts and times the transactions of the {@link Recorder}, and logs whether they go well. */
export function recorderMetrics(metrics: Metrics, logger: Logger): RecorderObserver {
  const registers = [metrics];
  const records = new Counter({
    name: 'sendoff_status_events_total',
    help: 'Records of work topics in transactions of the store, failed ones included.',
    registers,
  });
  const seconds = new Histogram({
    name: 'sendoff_status_store_seconds',
    help: 'Duration of one transaction of the store, in seconds.',
    buckets: durationBuckets,
    registers,
  });
  return {
    transactionEnded(count, tookSeconds) {
      records.inc(count);
      seconds.observe(tookSeconds);
    },
    storingChanged(isStoring, error) {
      if (isStoring) logger.info('records are stored again');
      else logger.error({ err: error }, 'records cannot be stored; questions for them are answered with 503');
    },
  };
}
