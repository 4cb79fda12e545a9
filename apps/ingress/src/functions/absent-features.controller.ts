import { Controller, Delete, Get, HttpCode, Inject, Param } from '@nestjs/common';
import { absentFeatureOperations as operations } from './absent-features.operations.ts';
import { FunctionNames } from '../names/function-names.ts';
import { logSettings, logSettingsOf } from './kept-fields.ts';
import { Operation } from '../document/operation.ts';

/**
 * What clients ask of features that are not here while they manage functions. They are told that there is nothing of it, in its own form;
 * making some is no operation.
 * @see FunctionGraph API, triggers, test events, dependencies, quotas, log settings
 */
@Controller('v2/:project/fgs')
export class AbsentFeaturesController {
  constructor(@Inject(FunctionNames) private readonly names: FunctionNames) {}

  @Operation(operations.triggers)
  @Get('triggers')
  triggers(): Record<string, unknown> {
    return { triggers: [], next_marker: 0, count: 0 };
  }

  @Operation(operations.triggersOfFunction)
  @Get('triggers/:urn')
  triggersOf(@Param('project') project: string, @Param('urn') urn: string): readonly never[] {
    this.names.find(urn, project);
    return [];
  }

  @Operation(operations.removeTriggers)
  @Delete('triggers/:urn')
  @HttpCode(204)
  removeTriggers(@Param('project') project: string, @Param('urn') urn: string): void {
    this.names.find(urn, project);
  }

  @Operation(operations.events)
  @Get('functions/:urn/events')
  events(@Param('project') project: string, @Param('urn') urn: string): Record<string, unknown> {
    this.names.find(urn, project);
    return { events: [], next_marker: 0, count: 0 };
  }

  @Operation(operations.dependencies)
  @Get('dependencies')
  dependencies(): Record<string, unknown> {
    return { dependencies: [], next_marker: 0, count: 0 };
  }

  @Operation(operations.quotas)
  @Get('quotas')
  quotas(): Record<string, unknown> {
    return { quotas: { resources: [] } };
  }

  @Operation(operations.logDetail)
  @Get('functions/:urn/lts-log-detail')
  logDetail(@Param('project') project: string, @Param('urn') urn: string): Record<string, string> {
    const said = logSettingsOf(this.names.find(urn, project).function.kept);
    return Object.fromEntries(logSettings.map((name) => [name, said[name] ?? '']));
  }
}
