import { Controller, Get, Inject, Param } from '@nestjs/common';
import { Registry } from '#registry';
import { ApiError } from '../http/api-error.ts';
import { Operation } from '../document/operation.ts';
import { statusLogOperations as operations } from './status-log.operations.ts';

/**
 * The only operation of LTS that this service answers: whether the stream of the status log exists.
 * @see LTS API reference, querying all log streams of a group
 */
@Controller('v2/:project/groups')
export class LogStreamsController {
  constructor(@Inject(Registry) private readonly registry: Registry) {}

  @Operation(operations.streams)
  @Get(':group/streams')
  streams(@Param('project') project: string, @Param('group') group: string): Record<string, unknown> {
    const log = this.registry.project(project)?.statusLog;
    if (log?.groupId !== group) throw new ApiError('FSS.0404', 'no such log group; the only one is that of the status log');
    const stream = { log_stream_id: log.streamId, log_stream_name: log.streamName, filter_count: 0, is_favorite: false };
    return { log_streams: [stream] };
  }
}
