import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, Query } from '@nestjs/common';
import { formatBareUrn, policyKey, type PolicyDocument } from '#contracts';
import { type Clock, CLOCK } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import { ApiError } from '../http/api-error.ts';
import { CalledBy, type Caller } from '../access/caller.ts';
import { checkNewTargets } from './check-reach.ts';
import { checkTargets } from './check-target.ts';
import { FunctionNames } from '../names/function-names.ts';
import { type Home, HOME } from '../names/home.ts';
import { Operation } from '../document/operation.ts';
import { policiesPage, policyOperations as operations } from './policies.operations.ts';
import { policyAnswer, policyOf } from './policy-document.ts';
import { PolicyDto } from './policy.dto.ts';
import { limitQuery, wholeQuery } from '../http/query.ts';
import { targetRefused } from './target-refused.ts';
import { ValidatedBody } from '../http/validated.ts';

/**
 * Asynchronous configurations of functions.
 * @see FunctionGraph API, asynchronous execution notification
 */
@Controller('v2/:project/fgs/functions/:urn')
export class PoliciesController {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HOME) private readonly home: Home,
  ) {}

  /** Replaces the policy. A field that the body leaves out takes its default. */
  @Operation(operations.set)
  @Put('async-invoke-config')
  async set(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(PolicyDto, { rejectUnknown: true })) dto: PolicyDto,
  ): Promise<Record<string, unknown>> {
    return this.writer.mutate((registry) => {
      const { fullUrn, function: fn } = this.names.find(urn, project);
      const before = registry.policyOf(fullUrn);
      const policy = policyOf(dto, fullUrn, before, { region: this.home.region, project }, this.clock.now());
      checkNewTargets(caller, registry, fn, policy, before);
      const refused = checkTargets(registry, fn, policy);
      if (refused !== undefined) throw targetRefused(refused, caller);
      return { changes: [policy], answer: policyAnswer(policy) };
    });
  }

  @Operation(operations.show)
  @Get('async-invoke-config')
  show(@Param('project') project: string, @Param('urn') urn: string): Record<string, unknown> {
    return policyAnswer(this.find(this.registry, urn, project));
  }

  @Operation(operations.remove)
  @Delete('async-invoke-config')
  @HttpCode(204)
  async remove(@Param('project') project: string, @Param('urn') urn: string): Promise<void> {
    await this.writer.mutate((registry) => ({ changes: [{ delete: policyKey(this.find(registry, urn, project).functionUrn) }] }));
  }

  @Operation(operations.list)
  @Get('async-invoke-configs')
  list(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Query() query: Record<string, string | undefined>,
  ): Record<string, unknown> {
    const marker = wholeQuery(query, 'marker', 0, Number.MAX_SAFE_INTEGER) ?? 0;
    const limit = limitQuery(query, policiesPage.byDefault, policiesPage.max);
    const all = this.registry
      .policiesOf(formatBareUrn(this.names.find(urn, project).urn))
      .toSorted((a, b) => (a.functionUrn < b.functionUrn ? -1 : 1));
    const page = all.slice(marker, marker + limit);
    const next = marker + page.length;
    return {
      async_invoke_configs: page.map(policyAnswer),
      count: all.length,
      page_info: {
        next_marker: next < all.length ? next : 0,
        previous_marker: Math.max(0, marker - limit),
        current_count: page.length,
      },
    };
  }

  private find(registry: Registry, urn: string, project: string): PolicyDocument {
    const policy = registry.policyOf(this.names.find(urn, project).fullUrn);
    if (policy === undefined) throw new ApiError('FSS.0404', `the function has no asynchronous configuration: ${urn}`);
    return policy;
  }
}
