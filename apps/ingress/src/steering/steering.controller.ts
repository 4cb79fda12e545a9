import { Body, Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import {
  formatBareUrn,
  formatFunctionUrn,
  type FunctionDocument,
  type Pause,
  type SteeringDocument,
  steeringKey,
} from '#contracts';
import { type Clock, CLOCK } from '#platform';
import { type Change, Registry, RegistryWriter } from '#registry';
import { CalledBy, type Caller } from '../access/caller.ts';
import { Operation } from '../document/operation.ts';
import { rfc3339 } from '../http/instants.ts';
import { ValidatedBody } from '../http/validated.ts';
import { FunctionNames } from '../names/function-names.ts';
import { Purger } from './purger.ts';
import { PauseDto, pausableParts, type PausablePart, PurgeDto } from './steering.dto.ts';
import { steeringOperations as operations } from './steering.operations.ts';

type Pauses = { readonly [Part in PausablePart]?: Pause };

function partAnswer(pause: Pause | undefined): Record<string, unknown> {
  return pause === undefined ? { paused: false } : { paused: true, since: rfc3339(pause.since), by: pause.by };
}

function answerOf(bareUrn: string, { intake, execution }: Pauses): Record<string, unknown> {
  return { func_urn: bareUrn, intake: partAnswer(intake), execution: partAnswer(execution) };
}

/** The change of the registry that leaves exactly these parts paused. */
function changeTo(fn: FunctionDocument, bareUrn: string, { intake, execution }: Pauses): Change {
  if (intake === undefined && execution === undefined) return { delete: steeringKey(bareUrn) };
  return {
    kind: 'steering',
    functionUrn: bareUrn,
    functionId: fn.id,
    project: fn.project,
    ...(intake === undefined ? {} : { intake }),
    ...(execution === undefined ? {} : { execution }),
  } satisfies SteeringDocument;
}

/** Pauses and resumes functions. A pause holds for all versions and aliases. */
@Controller('v2/:project/sendoff/functions/:urn')
export class SteeringController {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(Purger) private readonly purger: Purger,
  ) {}

  @Operation(operations.show)
  @Get('steering')
  show(@Param('project') project: string, @Param('urn') urn: string): Record<string, unknown> {
    const named = this.names.find(urn, project);
    return answerOf(formatBareUrn(named.urn), named.steering ?? {});
  }

  @Operation(operations.pause)
  @Post('pause')
  @HttpCode(200)
  async pause(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @CalledBy() { accessKey }: Caller,
    @Body(new ValidatedBody(PauseDto, { rejectUnknown: true, isOptional: true })) { part }: PauseDto,
  ): Promise<Record<string, unknown>> {
    const pause = { since: this.clock.now(), by: accessKey ?? 'token' };
    return this.change(urn, project, part, (before) => before ?? pause);
  }

  @Operation(operations.resume)
  @Post('resume')
  @HttpCode(200)
  async resume(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(PauseDto, { rejectUnknown: true, isOptional: true })) { part }: PauseDto,
  ): Promise<Record<string, unknown>> {
    return this.change(urn, project, part, () => undefined);
  }

  @Operation(operations.purge)
  @Post('purge')
  @HttpCode(200)
  async purge(
    @Param('project') project: string,
    @Param('urn') name: string,
    @Body(new ValidatedBody(PurgeDto, { rejectUnknown: true, isOptional: true })) dto: PurgeDto,
  ): Promise<Record<string, unknown>> {
    const { dry_run: isDryRun = false, include_running: includesRunning = false } = dto;
    const { urn } = this.names.find(name, project);
    const bareUrn = formatBareUrn(urn);
    const published = this.registry.versionsOf(bareUrn).map((version) => version.urn);
    const acceptedUntil = this.clock.now();
    const purged = { project, versions: [formatFunctionUrn({ ...urn, qualifier: 'latest' }), ...published], acceptedUntil };
    const [waiting, running] = await Promise.all([this.purger.count(purged, 'WAIT'), this.purger.count(purged, 'RUNNING')]);
    if (!isDryRun) await this.purger.purge({ bareUrn, acceptedUntil, includesRunning });
    const acceptedUntilText = rfc3339(acceptedUntil);
    return { func_urn: bareUrn, accepted_until: acceptedUntilText, waiting, running, purged: !isDryRun };
  }

  /** @param part undefined for both parts. */
  private async change(
    name: string,
    project: string,
    part: PausablePart | undefined,
    next: (before: Pause | undefined) => Pause | undefined,
  ): Promise<Record<string, unknown>> {
    return this.writer.mutate(() => {
      const { urn } = this.names.find(name, project);
      const latest = this.registry.functionByUrn(urn);
      if (latest === undefined) throw new Error('the function was found, and has no document');
      const before: Pauses = this.registry.steeringOf(urn) ?? {};
      const parts: readonly PausablePart[] = part === undefined ? pausableParts : [part];
      const after: Pauses = { ...before, ...Object.fromEntries(parts.map((each) => [each, next(before[each])])) };
      const bareUrn = formatBareUrn(urn);
      return { changes: [changeTo(latest, bareUrn, after)], answer: answerOf(bareUrn, after) };
    });
  }
}
