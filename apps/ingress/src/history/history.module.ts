import { type DynamicModule, Module } from '@nestjs/common';
import { NamesModule } from '../names/names.module.ts';
import { RecordsModule } from '../records/records.module.ts';
import { EventsController } from './events.controller.ts';
import { ExplanationController } from './explanation.controller.ts';
import { KeptPayloadController } from './kept-payload.controller.ts';
import { LiveFeed } from './live-feed.ts';
import { SearchController } from './search.controller.ts';

/** Search for invocations, and their explanations. */
@Module({})
export class HistoryModule {
  /** @param invocations the module that has the idempotency keys. */
  static register(invocations: DynamicModule): DynamicModule {
    const controllers = [SearchController, ExplanationController, KeptPayloadController, EventsController];
    return {
      module: HistoryModule,
      imports: [NamesModule, invocations, RecordsModule],
      controllers,
      providers: [LiveFeed],
    };
  }
}
