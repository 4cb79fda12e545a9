import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { type AliasDocument, aliasKey, formatBareUrn, type FunctionUrn } from '#contracts';
import { versionsBehind } from '#lifecycle';
import { type Clock, CLOCK } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import { aliasAnswer, aliasOf, routingOf } from './alias-document.ts';
import { aliasFieldCodes as codes, AliasRoutingDto, CreateAliasDto } from './alias.dto.ts';
import { aliasOperations as operations } from './aliases.operations.ts';
import { CalledBy, type Caller } from '../../access/caller.ts';
import { aliasNotFound, ApiError, versionNotFound } from '../../http/api-error.ts';
import { checkCycle } from '../../policies/check-target.ts';
import { targetRefused } from '../../policies/target-refused.ts';
import { FunctionNames } from '../../names/function-names.ts';
import { Operation } from '../../document/operation.ts';
import { ValidatedBody } from '../../http/validated.ts';

/** The most aliases of a function. */
const aliasesMax = 10;

/**
 * Aliases of functions: create, list, show, change, delete.
 * @see FunctionGraph API, versions and aliases
 */
@Controller('v2/:project/fgs/functions/:urn/aliases')
export class AliasesController {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.create)
  @Post()
  @HttpCode(200)
  async create(
    @Param('urn') urn: string,
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(CreateAliasDto, { codes })) dto: CreateAliasDto,
  ): Promise<Record<string, unknown>> {
    return this.set(caller, urn, dto.name, dto, (registry, named) => {
      if (registry.alias(named) !== undefined) throw new ApiError('FSS.1063', `The function alias has existed: ${dto.name}`);
      refuseAbove(registry.aliasesOf(formatBareUrn(named)).length + 1);
    });
  }

  /** The answer is a bare array, as in the API. */
  @Operation(operations.list)
  @Get()
  list(@Param('project') project: string, @Param('urn') urn: string): readonly Record<string, unknown>[] {
    const aliases = this.registry.aliasesOf(formatBareUrn(this.names.find(urn, project).urn));
    return aliases.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(aliasAnswer);
  }

  @Operation(operations.show)
  @Get(':alias')
  show(@Param('project') project: string, @Param('urn') urn: string, @Param('alias') name: string): Record<string, unknown> {
    return aliasAnswer(this.find(this.registry, project, urn, name));
  }

  /** Replaces the routing of an alias. A field that the body leaves out is removed. */
  @Operation(operations.update)
  @Put(':alias')
  async update(
    @Param('urn') urn: string,
    @Param('alias') name: string,
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(AliasRoutingDto, { codes })) dto: AliasRoutingDto,
  ): Promise<Record<string, unknown>> {
    return this.set(caller, urn, name, dto, (registry) => void this.find(registry, caller.project, urn, name));
  }

  @Operation(operations.remove)
  @Delete(':alias')
  @HttpCode(204)
  async remove(@Param('project') project: string, @Param('urn') urn: string, @Param('alias') name: string): Promise<void> {
    await this.writer.mutate((registry) => ({ changes: [{ delete: aliasKey(this.find(registry, project, urn, name).urn) }] }));
  }

  /** @param check throws if the alias must not exist yet, or must already exist. */
  private async set(
    caller: Caller,
    urn: string,
    name: string,
    dto: AliasRoutingDto,
    check: (registry: Registry, named: FunctionUrn) => void,
  ): Promise<Record<string, unknown>> {
    const { project } = caller;
    const routing = routingOf(dto);
    return this.writer.mutate((registry) => {
      const named = this.aliasUrn(project, urn, name);
      check(registry, named);
      const bareUrn = formatBareUrn(named);
      const missing = versionsBehind(routing).find(
        (version) => registry.versionByUrn({ ...named, qualifier: version }) === undefined,
      );
      if (missing !== undefined) throw versionNotFound(missing);
      const other = registry.aliasesOf(bareUrn).find((known) => known.version === routing.version && known.name !== name);
      if (other !== undefined) throw new ApiError('FSS.1066', `version ${routing.version} already has an alias: ${other.name}`);
      const alias = aliasOf(routing, { bareUrn, project, name }, registry.alias(named), this.clock.now());
      const refused = checkCycle(registry, alias);
      if (refused !== undefined) throw targetRefused(refused, caller);
      const isNew = registry.alias(named) === undefined;
      const within = (after: Registry) => refuseAbove(isNew ? after.aliasesOf(bareUrn).length : 0);
      return { changes: [alias], answer: aliasAnswer(alias), within };
    });
  }

  private aliasUrn(project: string, urn: string, name: string): FunctionUrn {
    return { ...this.names.find(urn, project).urn, qualifier: `!${name}` };
  }

  private find(registry: Registry, project: string, urn: string, name: string): AliasDocument {
    const alias = registry.alias(this.aliasUrn(project, urn, name));
    if (alias === undefined) throw aliasNotFound(name);
    return alias;
  }
}

/** @param count aliases of a function. @throws ApiError FSS.1043. */
function refuseAbove(count: number): void {
  if (count > aliasesMax) throw new ApiError('FSS.1043', `a function may have ${aliasesMax} aliases at most; delete one`);
}
