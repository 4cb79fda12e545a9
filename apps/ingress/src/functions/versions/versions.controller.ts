import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { formatBareUrn, type VersionDocument } from '#contracts';
import { type Clock, CLOCK } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import { CalledBy, type Caller } from '../../access/caller.ts';
import { ApiError } from '../../http/api-error.ts';
import { checkCycle } from '../../policies/check-target.ts';
import { targetRefused } from '../../policies/target-refused.ts';
import { codeMd5 } from '../code/function-code.ts';
import { FunctionNames } from '../../names/function-names.ts';
import { Operation } from '../../document/operation.ts';
import { functionPage } from '../../http/query.ts';
import { ValidatedBody } from '../../http/validated.ts';
import { generatedVersion, hasChanged, newestFirst, newVersion, versionAnswer } from './version-document.ts';
import { versionOperations as operations } from './versions.operations.ts';
import { PublishVersionDto, versionFieldCodes } from './version.dto.ts';

/** The most versions of a function, `latest` included. */
const versionsMax = 20;

/**
 * Versions of functions: publish and list. `FunctionsController` shows and deletes a version.
 * @see FunctionGraph API, versions and aliases
 */
@Controller('v2/:project/fgs/functions/:urn')
export class VersionsController {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Publishes a version: a copy of the function and its policy. */
  @Operation(operations.publish)
  @Post('versions')
  @HttpCode(200)
  async publish(
    @Param('urn') urn: string,
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(PublishVersionDto, { codes: versionFieldCodes, isOptional: true })) dto: PublishVersionDto,
  ): Promise<Record<string, unknown>> {
    return this.writer.mutate((registry) => {
      const published = this.versionToPublish(registry, urn, caller.project, dto);
      const latest = registry.policyOf(`${published.function.urn}:latest`);
      const policy = latest === undefined ? undefined : { ...latest, functionUrn: published.urn };
      const refused = policy === undefined ? undefined : checkCycle(registry, policy);
      if (refused !== undefined) throw targetRefused(refused, caller);
      return {
        changes: policy === undefined ? [published] : [published, policy],
        answer: versionAnswer(published.function, published, policy),
        within: (after) => refuseAbove(after.versionsOf(published.function.urn).length),
      };
    });
  }

  /** Lists `latest` first, then the newest versions. */
  @Operation(operations.list)
  @Get('versions')
  list(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Query() query: Record<string, string | undefined>,
  ): Record<string, unknown> {
    const bareUrn = formatBareUrn(this.names.find(urn, project).urn);
    const latest = this.names.find(bareUrn, project).function;
    const published = newestFirst(this.registry.versionsOf(bareUrn));
    const answers = [
      versionAnswer(latest, undefined, this.registry.policyOf(`${bareUrn}:latest`)),
      ...published.map((version) => versionAnswer(version.function, version, this.registry.policyOf(version.urn))),
    ];
    const { page, next } = functionPage(answers, query);
    return { versions: page, next_marker: next, count: answers.length };
  }

  private versionToPublish(registry: Registry, urn: string, project: string, dto: PublishVersionDto): VersionDocument {
    const { function: fn } = this.names.findLatest(urn, project);
    const versions = registry.versionsOf(fn.urn);
    const isTaken = (name: string) => versions.some(({ version }) => version === name);
    if (dto.digest !== undefined && dto.digest.toLowerCase() !== codeMd5(fn.code))
      throw new ApiError('FSS.0400', 'digest is not the MD5 of the code: the function has different code than you expect');
    if (dto.version !== undefined && isTaken(dto.version))
      throw new ApiError('FSS.1062', `The function version has existed: ${dto.version}`);
    if (!hasChanged(fn, versions))
      throw new ApiError('FSS.1016', 'the function has not changed since its last published version');
    refuseAbove(versions.length + 1);
    const now = this.clock.now();
    return newVersion(fn, dto.version ?? generatedVersion(now, isTaken), dto.description ?? '', now);
  }
}

/** @param count published versions of a function. @throws ApiError FSS.1042. */
function refuseAbove(count: number): void {
  if (count + 1 > versionsMax)
    throw new ApiError('FSS.1042', `a function may have ${versionsMax} versions at most, latest included; delete one`);
}
