import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import {
  aliasKey,
  type EpochMs,
  epochMs,
  formatBareUrn,
  functionKey,
  type FunctionDocument,
  policyKey,
  steeringKey,
  versionKey,
} from '#contracts';
import { mayUse } from '#lifecycle';
import { type Clock, CLOCK, Sealer } from '#platform';
import { type Change, Registry, RegistryWriter } from '#registry';
import { ApiError } from '../http/api-error.ts';
import { archiveUrl } from './code/archives.controller.ts';
import { checkAgencies } from '../access/authorise.ts';
import { CalledBy, type Caller } from '../access/caller.ts';
import { codeContent, CodeIntake } from './code/function-code.ts';
import { agenciesIn, functionAnswer, functionAnswerOf, reconfigured } from './function-document.ts';
import { FunctionMaker } from './function-maker.ts';
import { FunctionNames, isQualified } from '../names/function-names.ts';
import { CreateFunctionDto, FunctionCodeDto, FunctionConfigDto, functionFieldCodes, MaxInstancesDto } from './function.dto.ts';
import { functionOperations as operations } from './functions.operations.ts';
import { mergePassThrough, passThroughCodeFields } from './pass-through-fields.ts';
import { Operation } from '../document/operation.ts';
import { OwnAddress } from '../http/own-address.ts';
import { functionPage } from '../http/query.ts';
import { ValidatedBody } from '../http/validated.ts';
import { withoutVersion } from './versions/version-document.ts';

const codes = functionFieldCodes;

/**
 * The fields of a function that the API returns beside its code.
 * @see FunctionGraph API, querying the code of a function
 */
const codeAnswerFields: readonly string[] = [
  'func_urn',
  'func_name',
  'domain_id',
  'runtime',
  'code_type',
  'code_url',
  ...passThroughCodeFields,
  'code_size',
  'digest',
  'last_modified',
  'strategy_config',
];

/**
 * Functions: create, show, change, delete.
 * @see FunctionGraph API, function lifecycle management
 */
@Controller('v2/:project/fgs/functions')
export class FunctionsController {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(CodeIntake) private readonly codes: CodeIntake,
    @Inject(Sealer) private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(FunctionMaker) private readonly maker: FunctionMaker,
    @Inject(OwnAddress) private readonly address: OwnAddress,
  ) {}

  @Operation(operations.create)
  @Post()
  @HttpCode(200)
  async create(
    @Param('project') project: string,
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(CreateFunctionDto, { codes })) dto: CreateFunctionDto,
    @Req() request: FastifyRequest,
  ): Promise<Record<string, unknown>> {
    return functionAnswer(await this.maker.make(dto, project, caller, request.file));
  }

  @Operation(operations.list)
  @Get()
  list(
    @Param('project') project: string,
    @CalledBy() caller: Caller,
    @Query() query: Record<string, string | undefined>,
  ): Record<string, unknown> {
    const { package_name: packageName = '', func_name: name = '' } = query;
    const matching = this.registry
      .list('function', project)
      .filter((fn) => mayUse(caller, fn))
      .filter((fn) => (packageName === '' || fn.package === packageName) && fn.name.includes(name))
      .toSorted((a, b) => (a.urn < b.urn ? -1 : 1));
    const { page, next } = functionPage(matching, query);
    return { functions: page.map(functionAnswer), next_marker: next, count: matching.length };
  }

  @Operation(operations.config)
  @Get(':urn/config')
  config(@Param('project') project: string, @Param('urn') urn: string): Record<string, unknown> {
    return functionAnswer(this.names.find(urn, project).function);
  }

  @Operation(operations.code)
  @Get(':urn/code')
  code(@Param('project') project: string, @Param('urn') urn: string, @Req() request: FastifyRequest): Record<string, unknown> {
    const { fullUrn, function: fn } = this.names.find(urn, project);
    return {
      ...functionAnswerOf(fn, codeAnswerFields),
      func_code: codeContent(fn.code, archiveUrl(this.address.of(request), project, fullUrn)),
    };
  }

  @Operation(operations.updateConfig)
  @Put(':urn/config')
  async updateConfig(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(FunctionConfigDto, { codes })) dto: FunctionConfigDto,
  ): Promise<Record<string, unknown>> {
    return this.change(project, urn, (fn) => {
      checkAgencies(caller, agenciesIn(dto), fn);
      return reconfigured(fn, dto, this.sealer);
    });
  }

  @Operation(operations.updateCode)
  @Put(':urn/code')
  async updateCode(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(FunctionCodeDto, { codes })) dto: FunctionCodeDto,
    @Req() request: FastifyRequest,
  ): Promise<Record<string, unknown>> {
    const { fullUrn, function: before } = this.names.findLatest(urn, project);
    const code = await this.codes.take(before.runtime, dto, request.file);
    const changed = (fn: FunctionDocument) => {
      if ((fn.code.kind === 'url') !== (code.kind === 'url'))
        throw new ApiError('FSS.0400', 'another request replaced the function during this one; repeat the request');
      return { ...fn, code, codeType: dto.code_type, kept: mergePassThrough(fn.kept, dto, passThroughCodeFields) };
    };
    const answer = await this.change(project, urn, changed, () => this.codes.boundFor(code));
    return { ...answer, func_code: codeContent(code, archiveUrl(this.address.of(request), project, fullUrn)) };
  }

  @Operation(operations.updateMaxInstances)
  @Put(':urn/config-max-instance')
  async updateMaxInstances(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(MaxInstancesDto)) dto: MaxInstancesDto,
  ): Promise<Record<string, unknown>> {
    return this.change(project, urn, (fn) => ({ ...fn, instancesMax: dto.max_instance_num }));
  }

  /**
   * Deletes what the URN names: an alias, a version with its policy and aliases, or the whole
   * function.
   */
  @Operation(operations.remove)
  @Delete(':urn')
  @HttpCode(204)
  async remove(@Param('project') project: string, @Param('urn') urn: string): Promise<void> {
    await this.writer.mutate((registry) => {
      const { urn: named, alias } = this.names.find(urn, project);
      const bareUrn = formatBareUrn(named);
      if (!isQualified(urn)) return { changes: wholeFunction(registry, bareUrn) };
      if (alias !== undefined) return { changes: [{ delete: aliasKey(alias.urn) }] };
      if (named.qualifier === 'latest')
        throw new ApiError('FSS.0400', 'latest cannot be deleted alone; use a URN without a version to delete the function');
      return { changes: withoutVersion(registry, bareUrn, named.qualifier) };
    });
  }

  private async change(
    project: string,
    urn: string,
    changed: (fn: FunctionDocument) => FunctionDocument,
    boundFor: () => () => void = () => () => undefined,
  ): Promise<Record<string, unknown>> {
    return this.writer.mutate(() => {
      const { function: fn } = this.names.findLatest(urn, project);
      const document = { ...changed(fn), modifiedAt: laterThan(fn.modifiedAt, this.clock.now()) };
      return { changes: [document], answer: functionAnswer(document), within: boundFor() };
    });
  }
}

/**
 * Returns the current time, or 1 ms after the last change if that is later. Executors recognise a
 * changed function by this instant. Without the rule, two ingresses or a clock that was set back
 * could give the same instant to two states.
 */
function laterThan(before: EpochMs, now: EpochMs): EpochMs {
  return epochMs(Math.max(now, before + 1));
}

/** Deletes a function with its versions, aliases, policies and pauses. */
function wholeFunction(registry: Registry, bareUrn: string): readonly Change[] {
  return [
    { delete: functionKey(bareUrn) },
    ...registry.versionsOf(bareUrn).map(({ urn }) => ({ delete: versionKey(urn) })),
    ...registry.aliasesOf(bareUrn).map(({ urn }) => ({ delete: aliasKey(urn) })),
    ...registry.policiesOf(bareUrn).map(({ functionUrn }) => ({ delete: policyKey(functionUrn) })),
    { delete: steeringKey(bareUrn) },
  ];
}
