import { Body, Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import {
  conditions,
  epochMs,
  isCondition,
  redriveBounds,
  type RedriveOrder,
  type RedriveSelection,
  type RedriveSpec,
} from '#contracts';
import { isActiveRedrive, isUnlimited, type Redrive } from '#lifecycle';
import { type Clock, CLOCK, newRequestId } from '#platform';
import { CalledBy, type Caller } from '../access/caller.ts';
import { Operation } from '../document/operation.ts';
import { ApiError } from '../http/api-error.ts';
import { instantQuery } from '../http/query.ts';
import { ValidatedBody } from '../http/validated.ts';
import { FunctionNames } from '../names/function-names.ts';
import { KnownFunctions } from '../records/known-functions.ts';
import { NoticeEnds } from './notice-ends.ts';
import { redriveAnswer } from './redrive-answer.ts';
import { RedriveDto } from './redrive.dto.ts';
import { RedriveLog } from './redrive-log.ts';
import { RedrivePreview } from './redrive-preview.ts';
import { redriveOperations as operations } from './redrives.operations.ts';

const retryAfterSeconds = 60;

/** Starts failed invocations and undelivered notices again. */
@Controller('v2/:project/sendoff/redrives')
export class RedrivesController {
  constructor(
    @Inject(RedriveLog) private readonly log: RedriveLog,
    @Inject(RedrivePreview) private readonly preview: RedrivePreview,
    @Inject(NoticeEnds) private readonly ends: Pick<NoticeEnds, 'place'>,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(KnownFunctions) private readonly known: KnownFunctions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.start)
  @Post()
  @HttpCode(200)
  async start(
    @Param('project') project: string,
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(RedriveDto, { rejectUnknown: true })) dto: RedriveDto,
  ): Promise<Record<string, unknown>> {
    if (dto.dry_run !== true && !caller.rights.includes('invoke'))
      throw new ApiError('FSS.0403', 'the access key lacks the right invoke, which a redrive needs');
    await this.known.check(caller, project, dto.function);
    const spec = this.specOf(project, caller, dto);
    const preview = await this.preview.of(spec);
    if (dto.dry_run === true) return { id: '', of: spec.selection.kind, state: 'preview', ...preview };
    this.checkRoom();
    await this.log.write(
      { kind: 'spec', id: spec.id, spec: { ...(await this.withPlace(spec)), expected: preview.selected } },
      ...this.log.forgotten(),
    );
    return { id: spec.id, of: spec.selection.kind, state: 'running', ...preview };
  }

  @Operation(operations.list)
  @Get()
  list(@Param('project') project: string, @CalledBy() caller: Caller): Record<string, unknown> {
    const known = this.log.all().filter(({ spec }) => spec.project === project && this.knows(spec, caller));
    return { redrives: known.map(redriveAnswer) };
  }

  @Operation(operations.show)
  @Get(':id')
  show(@Param('project') project: string, @Param('id') id: string, @CalledBy() caller: Caller): Record<string, unknown> {
    return redriveAnswer(this.find(project, id, caller));
  }

  @Operation(operations.cancel)
  @Post(':id/cancel')
  @HttpCode(200)
  async cancel(
    @Param('project') project: string,
    @Param('id') id: string,
    @CalledBy() caller: Caller,
  ): Promise<Record<string, unknown>> {
    return this.order(project, id, caller, 'cancel');
  }

  @Operation(operations.resume)
  @Post(':id/resume')
  @HttpCode(200)
  async resume(
    @Param('project') project: string,
    @Param('id') id: string,
    @CalledBy() caller: Caller,
  ): Promise<Record<string, unknown>> {
    if (!isActiveRedrive(this.find(project, id, caller))) this.checkRoom();
    return this.order(project, id, caller, 'resume');
  }

  private async order(project: string, id: string, caller: Caller, act: RedriveOrder['act']): Promise<Record<string, unknown>> {
    this.find(project, id, caller);
    const order = { act, at: this.clock.now(), by: nameOf(caller) };
    await this.log.write({ kind: 'order', id, order });
    return redriveAnswer(this.find(project, id, caller));
  }

  private checkRoom(): void {
    if (this.log.all().filter(isActiveRedrive).length >= redriveBounds.activeMax)
      throw new ApiError('FSS.0429', `${redriveBounds.activeMax} redrives are under way: cancel one or wait`, retryAfterSeconds);
  }

  /** A caller that may not know of a redrive gets the answer for one that does not exist. */
  private find(project: string, id: string, caller: Caller): Redrive {
    const found = this.log.find(project, id);
    if (found === undefined || !this.knows(found.spec, caller)) throw new ApiError('FSS.0404', 'no redrive has that id');
    return found;
  }

  private knows({ project, selection: { functionUrns } }: RedriveSpec, caller: Caller): boolean {
    return functionUrns?.every((urn) => this.names.knows(urn, project, caller)) ?? isUnlimited(caller);
  }

  /** A redrive of notices counts the ends that are written after its creation. */
  private async withPlace(spec: RedriveSpec): Promise<RedriveSpec> {
    return spec.selection.kind === 'failed' ? spec : { ...spec, endsFrom: await this.ends.place() };
  }

  private specOf(project: string, caller: Caller, dto: RedriveDto): RedriveSpec {
    const { ratePerSecondDefault, selectedDefault } = redriveBounds;
    const { rate = ratePerSecondDefault, canary = 0, stop_at: stopAtShare = 1, limit: selectedMax = selectedDefault } = dto;
    const now = this.clock.now();
    const selection = this.selectionOf(project, caller, dto);
    const who = { id: newRequestId(now), project, createdAt: now, createdBy: nameOf(caller) };
    return { ...who, selection, ratePerSecond: rate, canary, stopAtShare, selectedMax };
  }

  private selectionOf(project: string, caller: Caller, dto: RedriveDto): RedriveSelection {
    const { of: kind = 'failed', function: name, condition, status, error_text: errorText, target, made_anew: madeAnew } = dto;
    const isFailed = kind === 'failed';
    const foreign = isFailed ? { target } : { condition, status, error_text: errorText, made_anew: madeAnew };
    for (const [field, value] of Object.entries(foreign))
      if (value !== undefined) throw new ApiError('FSS.0400', `${field} is not a filter of ${kind} ones`);
    if (condition !== undefined && (!isCondition(condition) || condition === ''))
      throw new ApiError('FSS.0400', `condition must be one of ${Object.keys(conditions).join(' ').trim()}`);
    const functionUrns = this.names.versionsFor(caller, project, name, redriveBounds.functionsMax);
    if (functionUrns?.length === 0) throw new ApiError('FSS.0403', 'the access key is not for that function');
    const window = { begin_time: dto.begin_time, end_time: dto.end_time };
    const now = this.clock.now();
    return {
      kind,
      ...(functionUrns === undefined ? {} : { functionUrns }),
      statuses: status === undefined ? ['FAIL', 'DISCARD'] : [status],
      ...(condition === undefined ? {} : { errorCode: conditions[condition].errorCode }),
      ...(errorText === undefined ? {} : { errorText }),
      ...(target === undefined ? {} : { deliveryId: target }),
      ...(madeAnew === true ? { mayBeMadeAnew: true } : {}),
      beginAt: instantQuery(window, 'begin_time') ?? epochMs(0),
      // Invocations that fail after its start are not part of it.
      endAt: epochMs(Math.min(instantQuery(window, 'end_time') ?? now, now)),
    };
  }
}

function nameOf({ accessKey }: Caller): string {
  return accessKey ?? 'token';
}
