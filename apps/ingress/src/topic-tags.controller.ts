import { Controller, Get } from '@nestjs/common';
import { Operation } from './operation.ts';
import { topicTagOperations as operations } from './topics.operations.ts';

/** Tags of topics: there are none, which clients ask for with every topic they show. @see SMN API, tag operations */
@Controller('v2/:project/smn_topic/:name/tags')
export class TopicTagsController {
  @Operation(operations.list)
  @Get()
  list(): Record<string, unknown> {
    return { tags: [] };
  }
}
