import { setImmediate as nextTurn } from 'node:timers/promises';
import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { retryPolicy } from '#contracts';
import {
  type FailureModel,
  mayUse,
  type PresentPolicy,
  replayPolicy,
  seededRandom,
  simulatePolicy,
  type SimulatedPolicy,
} from '#lifecycle';
import { type Clock, CLOCK } from '#platform';
import { Registry } from '#registry';
import { CalledBy, type Caller } from '../access/caller.ts';
import { ApiError } from '../http/api-error.ts';
import { ValidatedBody } from '../http/validated.ts';
import { FunctionNames, type NamedFunction } from '../names/function-names.ts';
import { Operation } from '../document/operation.ts';
import type { RetryRulesDto } from '../policies/policy.dto.ts';
import { observe } from './observed-records.ts';
import { replayAnswer, simulationAnswer } from './simulation-answer.ts';
import { type FailureModelDto, type OutageDto, SimulationDto } from './simulation.dto.ts';
import { simulationOperations as operations } from './simulations.operations.ts';
import { STATUS_RECORDS, type StatusRecords } from './status-records.ts';

/** Simulates policies. One simulation runs at a time, because each costs up to a second of CPU. */
@Controller('v2/:project/sendoff')
export class SimulationsController {
  private isRunning = false;

  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(Registry) private readonly registry: Registry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.simulate)
  @Post('policy-simulations')
  @HttpCode(200)
  async simulate(
    @Param('project') project: string,
    @Body(new ValidatedBody(SimulationDto, { rejectUnknown: true })) body: SimulationDto,
    @CalledBy() caller: Caller,
  ): Promise<Record<string, unknown>> {
    const named = body.function === undefined ? undefined : this.named(body.function, project, caller);
    const policy = this.policyOf(body.policy, named);
    const seed = body.seed ?? 1;
    if (body.model === undefined) return this.replay(project, named, policy, seed);
    const model = modelOf(body.model);
    return this.alone(async () => {
      return simulationAnswer(policy, model, await inTurns(simulatePolicy(policy, model, seededRandom(seed))));
    });
  }

  private named(text: string, project: string, caller: Caller): NamedFunction {
    if (!mayUse(caller, this.names.parse(text, project)))
      throw new ApiError('FSS.0403', 'the access key does not cover this function');
    return this.names.find(text, project);
  }

  private policyOf(tried: RetryRulesDto | undefined, named: NamedFunction | undefined): SimulatedPolicy {
    const stored = named === undefined ? undefined : this.registry.policyOf(named.urn);
    if (tried === undefined && stored !== undefined) return stored;
    const isSet = tried !== undefined;
    const byDefault = isSet ? retryPolicy.byDefault : retryPolicy.withoutConfiguration;
    const { baseMs, maxMs } = retryPolicy.backoff;
    const base = msOf(tried?.retry_wait_base_in_seconds) ?? baseMs;
    return {
      retriesMax: tried?.max_async_retry_attempts ?? byDefault.retriesMax,
      eventAgeMaxMs: (tried?.max_async_event_age_in_seconds ?? byDefault.eventAgeSeconds) * 1_000,
      backoff: { baseMs: base, maxMs: Math.max(base, msOf(tried?.retry_wait_max_in_seconds) ?? maxMs) },
    };
  }

  private async replay(project: string, named: NamedFunction | undefined, policy: SimulatedPolicy, seed: number) {
    if (named === undefined) throw new ApiError('FSS.0400', 'model or function must be given');
    return this.alone(async () => {
      const present = this.presentPolicy(named);
      const observed = await observe(this.records, { project, functionUrn: named.fullUrn }, present, this.clock.now());
      if (observed.replayed.length === 0)
        throw new ApiError('FSS.0400', 'no invocation of the function ended in the last 7 days: give a model');
      return replayAnswer(policy, observed, await inTurns(replayPolicy(policy, observed.replayed, seededRandom(seed))));
    });
  }

  private presentPolicy({ urn, function: fn }: NamedFunction): PresentPolicy {
    const {
      retriesMax,
      backoff,
      modifiedAt: since,
    } = this.registry.policyOf(urn) ?? {
      ...retryPolicy.withoutConfiguration,
      backoff: retryPolicy.backoff,
      modifiedAt: fn.createdAt,
    };
    return { retriesMax, backoff, since };
  }

  /** Runs one simulation at a time. @throws ApiError FSS.0429. */
  private async alone<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    if (this.isRunning) throw new ApiError('FSS.0429', 'another simulation runs; try again in a second');
    this.isRunning = true;
    try {
      return await run();
    } finally {
      this.isRunning = false;
    }
  }
}

/** Runs a simulation, and lets the process answer others in between. */
async function inTurns<Result>(steps: Generator<undefined, Result>): Promise<Result> {
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) await nextTurn();
  return step.value;
}

function msOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1_000);
}

function modelOf(model: FailureModelDto): FailureModel {
  return {
    failureShare: model.failure_share ?? 0,
    unavailableShare: model.unavailable_share ?? 0,
    isRetryable: model.is_retryable ?? true,
    durationMs: msOf(model.duration_in_seconds) ?? 0,
    arrivalsPerSecond: model.arrivals_per_second ?? 1,
    invocations: model.invocations ?? 1,
    outages: (model.outages ?? []).map(outageOf),
  };
}

/** @throws ApiError FSS.0400 for an outage that ends before it begins, or as it begins. */
function outageOf({ from_in_seconds: from, to_in_seconds: to }: OutageDto, index: number) {
  if (to <= from)
    throw new ApiError('FSS.0400', `model.outages.${index}.to_in_seconds must be later than from_in_seconds, which is ${from}`);
  return { fromMs: from * 1_000, toMs: to * 1_000 };
}
