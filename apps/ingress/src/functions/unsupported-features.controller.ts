import { Controller, Delete, Get, HttpCode, Inject, Param } from '@nestjs/common';
import { unsupportedFeatureOperations as operations } from './unsupported-features.operations.ts';
import { FunctionNames } from '../names/function-names.ts';
import { logSettings, logSettingsOf } from './pass-through-fields.ts';
import { Operation } from '../document/operation.ts';

/**
 * Stubs for unsupported features that clients query while they manage functions. Lists are empty in
 * the documented shape. The API has no operation that creates an item.
 * @see FunctionGraph API, triggers, test events, dependencies, quotas, log settings
 */
@Controller('v2/:project/fgs')
export class UnsupportedFeaturesController {
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
    const settings = logSettingsOf(this.names.find(urn, project).function.kept);
    return Object.fromEntries(logSettings.map((name) => [name, settings[name] ?? '']));
  }
}
