import { type DynamicModule, Module } from '@nestjs/common';
import { NamesModule } from '../names/names.module.ts';
import { RecordsModule } from '../records/records.module.ts';
import { FailedInvocations } from './failed-invocations.ts';
import { Namesakes } from './namesakes.ts';
import { NoticeEnds } from './notice-ends.ts';
import { RedriveLog } from './redrive-log.ts';
import { RedrivePreview } from './redrive-preview.ts';
import { RedriveRunner } from './redrive-runner.ts';
import { RedrivesController } from './redrives.controller.ts';
import { UndeliveredNotices } from './undelivered-notices.ts';

/** Starts failed invocations and undelivered notices again. */
@Module({})
export class RedrivesModule {
  /** @param invocations the module that accepts invocations. */
  static register(invocations: DynamicModule): DynamicModule {
    return {
      module: RedrivesModule,
      imports: [NamesModule, invocations, RecordsModule],
      controllers: [RedrivesController],
      providers: [RedriveLog, RedrivePreview, Namesakes, FailedInvocations, NoticeEnds, UndeliveredNotices, RedriveRunner],
    };
  }
}
