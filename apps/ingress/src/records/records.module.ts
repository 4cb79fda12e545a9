import { Module } from '@nestjs/common';
import { NamesModule } from '../names/names.module.ts';
import { DueTimesController } from './due-times.controller.ts';
import { KnownFunctions } from './known-functions.ts';
import { LedgerController } from './ledger.controller.ts';
import { LogStreamsController } from './log-streams.controller.ts';
import { NoticesController } from './notices.controller.ts';
import { RecordsController } from './records.controller.ts';
import { RejectsController } from './rejects.controller.ts';
import { SimulationsController } from './simulations.controller.ts';
import { StatisticsController } from './statistics.controller.ts';
import { StatusLogController } from './status-log.controller.ts';
import { TargetTests } from './target-tests.ts';
import { TargetsController } from './targets.controller.ts';

/** Records of invocations, and the status log of a project. */
@Module({
  imports: [NamesModule],
  controllers: [
    StatusLogController,
    RecordsController,
    LogStreamsController,
    NoticesController,
    TargetsController,
    LedgerController,
    RejectsController,
    StatisticsController,
    SimulationsController,
    DueTimesController,
  ],
  providers: [TargetTests, KnownFunctions],
  exports: [KnownFunctions],
})
export class RecordsModule {}
