import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { aliasKey, formatBareUrn, functionKey, type FunctionDocument, policyKey, versionKey } from '#contracts';
import { mayUse } from '#lifecycle';
import { type Clock, CLOCK, type Sealer } from '#platform';
import type { Change, Registry, RegistryWriter } from '#registry';
import { ApiError, functionNotFound } from './api-error.ts';
import { archivePath } from './archives.controller.ts';
import { functionRefusal } from './authorise.ts';
import { CalledBy, type Caller } from './caller.ts';
import type { CodeIntake } from './function-code.ts';
import { functionAnswer, newFunction, reconfigured } from './function-document.ts';
import { type FunctionNames, isQualified } from './function-names.ts';
import { CreateFunctionDto, FunctionCodeDto, FunctionConfigDto, functionFieldCodes, MaxInstancesDto } from './function.dto.ts';
import { functionOperations as operations } from './functions.operations.ts';
import { keptAfterCode } from './kept-fields.ts';
import { Operation } from './operation.ts';
import { functionPage } from './query.ts';
import {
  CODE_INTAKE,
  FUNCTION_NAMES,
  INGRESS_OPTIONS,
  type IngressOptions,
  REGISTRY,
  REGISTRY_WRITER,
  SEALER,
} from './tokens.ts';
import { ValidatedBody } from './validated.ts';
import { withoutVersion } from './version-document.ts';

const codes = functionFieldCodes;

/** Functions: made, shown, changed, removed. @see FunctionGraph API, function lifecycle management */
@Controller('v2/:project/fgs/functions')
export class FunctionsController {
  constructor(
    @Inject(REGISTRY) private readonly registry: Registry,
    @Inject(REGISTRY_WRITER) private readonly writer: RegistryWriter,
    @Inject(FUNCTION_NAMES) private readonly names: FunctionNames,
    @Inject(CODE_INTAKE) private readonly codes: CodeIntake,
    @Inject(SEALER) private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(INGRESS_OPTIONS) private readonly options: IngressOptions,
  ) {}

  @Operation(operations.create)
  @Post()
  @HttpCode(200)
  async create(
    @Param('project') project: string,
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(CreateFunctionDto, { codes })) dto: CreateFunctionDto,
  ): Promise<Record<string, unknown>> {
    const refusal = functionRefusal(caller, { package: dto.package, name: dto.func_name });
    if (refusal !== undefined) throw refusal;
    const bareUrn = formatBareUrn({
      region: this.options.region,
      project,
      package: dto.package,
      name: dto.func_name,
      qualifier: 'latest',
    });
    const refuseTaken = (registry: Registry) => {
      if (registry.get(functionKey(bareUrn)) !== undefined)
        throw new ApiError('FSS.1061', `The function has existed: ${dto.func_name}`);
    };
    // Before 50 MB are looked at for nothing, and again when it counts.
    refuseTaken(this.registry);
    const code = await this.codes.take(dto.runtime, dto);
    const created = newFunction(dto, code, { bareUrn, project, sealer: this.sealer, now: this.clock.now() });
    await this.writer.mutate((registry) => {
      refuseTaken(registry);
      return [created];
    });
    return functionAnswer(created);
  }

  @Operation(operations.list)
  @Get()
  list(
    @Param('project') project: string,
    @CalledBy() caller: Caller,
    @Query() query: Record<string, string | undefined>,
  ): Record<string, unknown> {
    const { package_name: packageName, func_name: name } = query;
    const matching = this.registry
      .list('function', project)
      .filter((fn) => mayUse(caller, fn))
      .filter((fn) => (packageName === undefined || fn.package === packageName) && (name === undefined || fn.name.includes(name)))
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
  code(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Req() { protocol, host }: FastifyRequest,
  ): Record<string, unknown> {
    const { fullUrn, function: fn } = this.names.find(urn, project);
    const file = fn.code.kind === 'inline' ? Buffer.from(fn.code.source).toString('base64') : '';
    const link = fn.code.kind === 'archive' ? `${protocol}://${host}${archivePath(project, fullUrn)}` : '';
    const { func_urn, func_name, domain_id, runtime, code_type, code_url, code_size, digest, last_modified } = functionAnswer(fn);
    return {
      func_urn,
      func_name,
      domain_id,
      runtime,
      code_type,
      code_url,
      code_size,
      digest,
      last_modified,
      func_code: { file, link },
    };
  }

  @Operation(operations.updateConfig)
  @Put(':urn/config')
  async updateConfig(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(FunctionConfigDto, { codes })) dto: FunctionConfigDto,
  ): Promise<Record<string, unknown>> {
    return this.change(project, urn, (fn) => reconfigured(fn, dto, this.sealer));
  }

  @Operation(operations.updateCode)
  @Put(':urn/code')
  async updateCode(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(FunctionCodeDto, { codes })) dto: FunctionCodeDto,
  ): Promise<Record<string, unknown>> {
    const { runtime } = this.names.findLatest(urn, project).function;
    const code = await this.codes.take(runtime, dto);
    return this.change(project, urn, (fn) => {
      if ((fn.runtime === 'http') !== (code.kind === 'url'))
        throw new ApiError('FSS.0400', 'the function was replaced meanwhile');
      return { ...fn, code, codeType: dto.code_type, kept: keptAfterCode(fn.kept, dto) };
    });
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

  /** Removes what is named: an alias, a version with all that hangs on it, or, where neither is named, the whole function. */
  @Operation(operations.remove)
  @Delete(':urn')
  @HttpCode(204)
  async remove(@Param('project') project: string, @Param('urn') urn: string): Promise<void> {
    await this.writer.mutate((registry) => {
      const { urn: named, alias } = this.names.find(urn, project);
      const bareUrn = formatBareUrn(named);
      if (!isQualified(urn)) return wholeFunction(registry, bareUrn);
      if (alias !== undefined) return [{ delete: aliasKey(alias.urn) }];
      if (named.qualifier === 'latest')
        throw new ApiError('FSS.0400', 'latest cannot be deleted alone; leave the version out to delete the function');
      return withoutVersion(registry, bareUrn, named.qualifier);
    });
  }

  private async change(
    project: string,
    urn: string,
    changed: (fn: FunctionDocument) => FunctionDocument,
  ): Promise<Record<string, unknown>> {
    let answer: FunctionDocument | undefined;
    await this.writer.mutate(() => {
      const { function: fn } = this.names.findLatest(urn, project);
      answer = { ...changed(fn), modifiedAt: this.clock.now() };
      return [answer];
    });
    if (answer === undefined) throw functionNotFound(urn);
    return functionAnswer(answer);
  }
}

/** All that goes with a function. */
function wholeFunction(registry: Registry, bareUrn: string): readonly Change[] {
  return [
    { delete: functionKey(bareUrn) },
    ...registry.versionsOf(bareUrn).map(({ urn }) => ({ delete: versionKey(urn) })),
    ...registry.aliasesOf(bareUrn).map(({ urn }) => ({ delete: aliasKey(urn) })),
    ...registry.policiesOf(bareUrn).map(({ functionUrn }) => ({ delete: policyKey(functionUrn) })),
  ];
}
