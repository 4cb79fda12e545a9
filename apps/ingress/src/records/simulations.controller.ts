import { setImmediate as nextTurn } from 'node:timers/promises';
import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { epochMs, retryPolicy } from '#contracts';
import {
  type FailureModel,
  mayUse,
  modelOfRecords,
  seededRandom,
  simulatePolicy,
  type SimulatedPolicy,
  type SimulatedPolicyResult,
} from '#lifecycle';
import { type Clock, CLOCK } from '#platform';
import { Registry } from '#registry';
import { CalledBy, type Caller } from '../access/caller.ts';
import { ApiError } from '../http/api-error.ts';
import { ValidatedBody } from '../http/validated.ts';
import { FunctionNames, type NamedFunction } from '../names/function-names.ts';
import { Operation } from '../document/operation.ts';
import type { RetryRulesDto } from '../policies/policy.dto.ts';
import { type FailureModelDto, SimulationDto } from './simulation.dto.ts';
import { simulationOperations as operations } from './simulations.operations.ts';
import { STATUS_RECORDS, type StatusRecords } from './status-records.ts';

const observedMs = 7 * 86_400_000;
const observedMax = 500;

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
    const model = body.model === undefined ? await this.observed(project, named) : modelOf(body.model);
    return answerOf(policy, model, await this.run(policy, model, body.seed ?? 1));
  }

  private async run(policy: SimulatedPolicy, model: FailureModel, seed: number): Promise<SimulatedPolicyResult> {
    if (this.isRunning) throw new ApiError('FSS.0429', 'another simulation runs; try again in a second');
    this.isRunning = true;
    try {
      const steps = simulatePolicy(policy, model, seededRandom(seed));
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) await nextTurn();
      return step.value;
    } finally {
      this.isRunning = false;
    }
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

  private async observed(project: string, named: NamedFunction | undefined): Promise<FailureModel> {
    if (named === undefined) throw new ApiError('FSS.0400', 'model or function must be given');
    const endAt = this.clock.now();
    const window = { beginAt: epochMs(Math.max(0, endAt - observedMs)), endAt, offset: 0, limit: observedMax };
    const { records } = await this.records.query({ project, functionUrns: [named.fullUrn], ...window });
    const model = modelOfRecords(records);
    if (model === undefined)
      throw new ApiError('FSS.0400', 'no invocation of the function ended in the last 7 days: give a model');
    return model;
  }
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
    outages: (model.outages ?? []).map(({ from_in_seconds: from, to_in_seconds: to }) => ({
      fromMs: from * 1_000,
      toMs: to * 1_000,
    })),
  };
}

const seconds = (ms: number): number => ms / 1_000;

function answerOf(policy: SimulatedPolicy, model: FailureModel, result: SimulatedPolicyResult): Record<string, unknown> {
  const { '': succeeded = 0, ...conditions } = result.conditions;
  return {
    policy: {
      max_async_retry_attempts: policy.retriesMax,
      max_async_event_age_in_seconds: seconds(policy.eventAgeMaxMs),
      retry_wait_base_in_seconds: seconds(policy.backoff.baseMs),
      retry_wait_max_in_seconds: seconds(policy.backoff.maxMs),
    },
    model: {
      failure_share: model.failureShare,
      unavailable_share: model.unavailableShare,
      is_retryable: model.isRetryable,
      duration_in_seconds: seconds(model.durationMs),
      arrivals_per_second: model.arrivalsPerSecond,
      invocations: model.invocations,
      outages: model.outages.map(({ fromMs, toMs }) => ({ from_in_seconds: seconds(fromMs), to_in_seconds: seconds(toMs) })),
    },
    succeeded,
    conditions,
    attempts: result.attempts,
    schedule: result.schedule.map(({ attempt, started, succeeded: ended, earliestMs, meanMs, latestMs }) => ({
      attempt,
      started,
      succeeded: ended,
      earliest_in_seconds: seconds(earliestMs),
      mean_in_seconds: seconds(meanMs),
      latest_in_seconds: seconds(latestMs),
    })),
    load: {
      interval_in_seconds: seconds(result.load.intervalMs),
      arrivals: result.load.arrivals,
      attempts: result.load.attempts,
    },
    end_in_seconds: seconds(result.endMs),
    is_complete: result.isComplete,
  };
}
