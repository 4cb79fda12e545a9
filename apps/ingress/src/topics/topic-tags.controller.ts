import { Controller, Get, Inject, Param } from '@nestjs/common';
import { CalledBy, type Caller } from '../access/caller.ts';
import { Operation } from '../document/operation.ts';
import { TopicNames } from '../names/topic-names.ts';
import { topicTagOperations as operations } from './topics.operations.ts';

/**
 * Tags of topics are not supported, but clients ask for them with every topic they show: the list
 * is empty.
 * @see SMN API, tag operations
 */
@Controller('v2/:project/smn_topic/:name/tags')
export class TopicTagsController {
  constructor(@Inject(TopicNames) private readonly names: TopicNames) {}

  @Operation(operations.list)
  @Get()
  list(@CalledBy() caller: Caller, @Param('name') name: string): Record<string, unknown> {
    this.names.findResource(name, caller);
    return { tags: [] };
  }
}
