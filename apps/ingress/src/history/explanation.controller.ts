import { Controller, Get, Inject, Param } from '@nestjs/common';
import {
  type FunctionUrn,
  type InvocationHistory,
  parseFunctionUrn,
  type QueuePlace,
  type StatusRecord,
  transitionsKeptFirst,
  utcInstant,
} from '#contracts';
import { explain, type FailingTarget, type Situation, type Wait, writersOf } from '#lifecycle';
import { type Clock, CLOCK, TargetStates } from '#platform';
import { Registry } from '#registry';
import { CalledBy, type Caller } from '../access/caller.ts';
import { Operation } from '../document/operation.ts';
import { FUNCTION_LOGS, type FunctionLogs } from '../functions/logs/function-logs.ts';
import { mergeLogPages } from '../functions/logs/log-page.ts';
import { FunctionNames } from '../names/function-names.ts';
import { type Home, HOME } from '../names/home.ts';
import { TopicNames } from '../names/topic-names.ts';
import { knownTo, recordAnswer } from '../records/record-answer.ts';
import { STATUS_RECORDS, type StatusRecords } from '../records/status-records.ts';
import { EXECUTOR_QUEUES, type ExecutorQueues } from './executor-queues.ts';
import { checkRequestId, isOf, noSuchInvocation } from './invocation-in-path.ts';
import { explanationBounds, explanationOperations as operations } from './explanation.operations.ts';
import { transitionAnswer } from './transition-answer.ts';

const { logLinesMax } = explanationBounds;

/** Tells what happened to an invocation, and what it waits for now. */
@Controller('v2/:project/sendoff/functions/:urn/invocations')
export class ExplanationController {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(EXECUTOR_QUEUES) private readonly queues: ExecutorQueues,
    @Inject(FUNCTION_LOGS) private readonly logs: FunctionLogs,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(TopicNames) private readonly topics: TopicNames,
    @Inject(Registry) private readonly registry: Registry,
    @Inject(TargetStates) private readonly targetStates: TargetStates,
    @Inject(HOME) private readonly home: Home,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.explain)
  @Get(':requestId/explanation')
  async explain(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Param('requestId') requestId: string,
    @CalledBy() caller: Caller,
  ) {
    const named = this.names.parse(urn, project);
    checkRequestId(requestId);
    const found = await this.records.find(project, requestId);
    if (found === undefined || !isOf(named, found.record)) throw noSuchInvocation();
    const [executors, log] = await Promise.all([this.executorsFor(found), this.logOf(project, named, requestId)]);
    const isKnown = knownTo(caller, this.topics);
    const isShown = ({ deliveryId }: Pick<Wait, 'deliveryId'>) => deliveryId === undefined || isKnown({ deliveryId });
    const { record, history, expiresAt } = found;
    const now = this.clock.now();
    const targets = this.targetsOf(project, record);
    const waits = explain({ ...found, ...this.stateOf(record.functionUrn), now, executors, targets });
    const writers = writersOf(history.transitions);
    return {
      invocation: { function_urn: record.functionUrn, ...recordAnswer(record, isKnown) },
      ...(expiresAt === undefined ? {} : { valid_until: utcInstant(expiresAt) }),
      waits: waits.filter(isShown).map(waitAnswer),
      transitions: history.transitions
        .map((transition, index) => ({ transition, service: writers[index] }))
        .filter(({ transition }) => isShown(transition))
        .map(({ transition, service }) => ({ service, ...transitionAnswer(transition) })),
      ...(history.isCut ? { left_out_after: transitionsKeptFirst } : {}),
      ...log,
    };
  }

  /** Asks nobody about an invocation that no executor can hold. */
  private async executorsFor({ record }: InvocationHistory): Promise<readonly (QueuePlace | undefined)[]> {
    const { endedAt, dueAt, functionUrn, requestId } = record;
    return endedAt !== undefined || dueAt !== undefined ? [] : this.queues.ask({ functionUrn, requestId });
  }

  private targetsOf(project: string, { deliveries }: StatusRecord): ReadonlyMap<string, FailingTarget> {
    return new Map(deliveries.map(({ deliveryId }) => [deliveryId, this.targetStates.stateOf({ project, deliveryId })]));
  }

  private stateOf(functionUrn: string): Pick<Situation, 'function' | 'pausedSince' | 'timeoutMs'> {
    const urn = parseFunctionUrn(functionUrn, this.home);
    const found = urn === undefined ? undefined : this.registry.versionByUrn(urn);
    if (urn === undefined || found === undefined) return { function: 'deleted' };
    const pausedSince = this.registry.steeringOf(urn)?.execution?.since;
    const state = found.instancesMax === 0 ? 'disabled' : 'active';
    return { function: state, timeoutMs: found.timeoutMs, ...(pausedSince === undefined ? {} : { pausedSince }) };
  }

  private async logOf(project: string, { package: packageName, name }: FunctionUrn, requestId: string) {
    const pages = await this.logs.read({ project, package: packageName, name, requestId, limit: logLinesMax });
    const { lines } = mergeLogPages(pages, { skip: 0 }, logLinesMax);
    return {
      logs: lines.toReversed().map(({ at, text, executor }) => ({ time: utcInstant(at), content: text, executor })),
      log_executors: pages.map((page, index) => ({ executor: index + 1, answered: page !== undefined })),
    };
  }
}

function waitAnswer({ waitsFor, since, until, unknownUntil, words, change, deliveryId, queue }: Wait) {
  return {
    waits_for: waitsFor,
    words,
    change,
    ...(since === undefined ? {} : { since: utcInstant(since) }),
    ...(until === undefined ? {} : { until: utcInstant(until) }),
    ...(unknownUntil === undefined ? {} : { unknown_until: unknownUntil }),
    ...(deliveryId === undefined ? {} : { delivery_id: deliveryId }),
    ...(queue === undefined ? {} : { queue: queueAnswer(queue) }),
  };
}

function queueAnswer({ place, waiting, running, limit, allRunning, allRunningMax }: QueuePlace) {
  const ofFunction = { ...(place === undefined ? {} : { place }), waiting, running, ...(limit === undefined ? {} : { limit }) };
  return { ...ofFunction, all_running: allRunning, all_running_max: allRunningMax };
}
