import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query } from '@nestjs/common';
import { formatBareUrn, functionKey, type FunctionDocument, policyKey } from '#contracts';
import { mayUse } from '#lifecycle';
import { type Clock, CLOCK } from '#platform';
import type { Registry, RegistryWriter } from '#registry';
import { ApiError, functionNotFound } from './api-error.ts';
import { functionRefusal } from './authorise.ts';
import { CalledBy, type Caller } from './caller.ts';
import { codeOf, configuredBy, functionAnswer, newFunction } from './function-document.ts';
import type { FunctionNames } from './function-names.ts';
import { CreateFunctionDto, FunctionCodeDto, FunctionConfigDto, functionFieldCodes, MaxInstancesDto } from './function.dto.ts';
import { wholeQuery } from './query.ts';
import { FUNCTION_NAMES, INGRESS_OPTIONS, type IngressOptions, REGISTRY, REGISTRY_WRITER } from './tokens.ts';
import { ValidatedBody } from './validated.ts';

const pageMax = 400;
const codes = functionFieldCodes;

/** Functions: made, shown, changed, removed. @see FunctionGraph API, function lifecycle management */
@Controller('v2/:project/fgs/functions')
export class FunctionsController {
  constructor(
    @Inject(REGISTRY) private readonly registry: Registry,
    @Inject(REGISTRY_WRITER) private readonly writer: RegistryWriter,
    @Inject(FUNCTION_NAMES) private readonly names: FunctionNames,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(INGRESS_OPTIONS) private readonly options: IngressOptions,
  ) {}

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
    const created = newFunction(dto, bareUrn, project, this.clock.now());
    await this.writer.mutate((registry) => {
      if (registry.get(functionKey(bareUrn)) !== undefined)
        throw new ApiError('FSS.1061', `The function has existed: ${dto.func_name}`);
      return [created];
    });
    return functionAnswer(created);
  }

  @Get()
  list(
    @Param('project') project: string,
    @CalledBy() caller: Caller,
    @Query() query: Record<string, string | undefined>,
  ): Record<string, unknown> {
    const marker = wholeQuery(query, 'marker', 0, Number.MAX_SAFE_INTEGER) ?? 0;
    const maxItems = wholeQuery(query, 'maxitems', 0, pageMax) ?? pageMax;
    if (maxItems === 0) throw new ApiError('FSS.1001', `maxitems must be 1..${pageMax}`);
    const { package_name: packageName, func_name: name } = query;
    const matching = this.registry
      .list('function', project)
      .filter((fn) => mayUse(caller, fn))
      .filter((fn) => (packageName === undefined || fn.package === packageName) && (name === undefined || fn.name.includes(name)))
      .toSorted((a, b) => (a.urn < b.urn ? -1 : 1));
    const page = matching.slice(marker, marker + maxItems);
    return { functions: page.map(functionAnswer), next_marker: marker + page.length, count: matching.length };
  }

  @Get(':urn/config')
  config(@Param('project') project: string, @Param('urn') urn: string): Record<string, unknown> {
    return functionAnswer(this.names.find(urn, project).function);
  }

  @Get(':urn/code')
  code(@Param('project') project: string, @Param('urn') urn: string): Record<string, unknown> {
    const fn = this.names.find(urn, project).function;
    const file = fn.code.kind === 'inline' ? Buffer.from(fn.code.source).toString('base64') : '';
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
      func_code: { file, link: '' },
    };
  }

  @Put(':urn/config')
  async updateConfig(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(FunctionConfigDto, { codes })) dto: FunctionConfigDto,
  ): Promise<Record<string, unknown>> {
    return this.change(project, urn, (fn) => {
      if ((dto.runtime === 'http') !== (fn.runtime === 'http'))
        throw new ApiError('FSS.1005', `the runtime of a function cannot change from ${fn.runtime} to ${dto.runtime}`);
      const { agency: _agency, appAgency: _appAgency, initializer: _initializer, ...rest } = fn;
      const strategy =
        dto.strategy_config === undefined
          ? { instancesMax: fn.instancesMax, concurrencyPerInstance: fn.concurrencyPerInstance }
          : {};
      return { ...rest, ...configuredBy(dto), ...strategy };
    });
  }

  @Put(':urn/code')
  async updateCode(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(FunctionCodeDto, { codes })) dto: FunctionCodeDto,
  ): Promise<Record<string, unknown>> {
    return this.change(project, urn, (fn) => ({ ...fn, code: codeOf(fn.runtime, dto), codeType: dto.code_type }));
  }

  @Put(':urn/config-max-instance')
  async updateMaxInstances(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(MaxInstancesDto)) dto: MaxInstancesDto,
  ): Promise<Record<string, unknown>> {
    return this.change(project, urn, (fn) => ({ ...fn, instancesMax: dto.max_instance_num }));
  }

  /** Removes a function and the policies of all its versions. A version that is not there is not found; the function stays. */
  @Delete(':urn')
  @HttpCode(204)
  async remove(@Param('project') project: string, @Param('urn') urn: string): Promise<void> {
    await this.writer.mutate((registry) => {
      const bareUrn = formatBareUrn(this.names.find(urn, project).urn);
      const policies = registry.policiesOf(bareUrn).map(({ functionUrn }) => ({ delete: policyKey(functionUrn) }));
      return [{ delete: functionKey(bareUrn) }, ...policies];
    });
  }

  private async change(
    project: string,
    urn: string,
    changed: (fn: FunctionDocument) => FunctionDocument,
  ): Promise<Record<string, unknown>> {
    let answer: FunctionDocument | undefined;
    await this.writer.mutate(() => {
      const { function: fn } = this.names.find(urn, project);
      answer = { ...changed(fn), modifiedAt: this.clock.now() };
      return [answer];
    });
    if (answer === undefined) throw functionNotFound(urn);
    return functionAnswer(answer);
  }
}
