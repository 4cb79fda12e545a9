import { randomUUID } from 'node:crypto';
import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { Registry, RegistryWriter } from '#registry';
import { ApiError } from '../http/api-error.ts';
import { Operation } from '../document/operation.ts';
import { statusLogOperations as operations } from './status-log.operations.ts';

/**
 * Enables the status log of a project, and shows its log group and stream.
 * @see FunctionGraph API, asynchronous invocation status persistence
 */
@Controller('v2/:project/fgs/functions')
export class StatusLogController {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
  ) {}

  /** Creates the ids of group and stream once; a repeated call changes nothing. */
  @Operation(operations.enable)
  @Post('enable-async-status-logs')
  @HttpCode(200)
  async enable(@Param('project') project: string): Promise<void> {
    await this.writer.mutate((registry) => {
      if (registry.project(project)?.statusLog !== undefined) return { changes: [] };
      const names = { groupName: `function-async-log-group-${project}`, streamName: `function-async-log-stream-${project}` };
      const statusLog = { groupId: randomUUID(), streamId: randomUUID(), ...names };
      return { changes: [{ kind: 'project', id: project, statusLog }] };
    });
  }

  @Operation(operations.detail)
  @Get('async-status-log-detail')
  detail(@Param('project') project: string): Record<string, unknown> {
    const log = this.registry.project(project)?.statusLog;
    if (log === undefined) throw new ApiError('FSS.0404', 'the status log is not enabled: POST enable-async-status-logs first');
    return { group_name: log.groupName, group_id: log.groupId, stream_id: log.streamId, stream_name: log.streamName };
  }
}
