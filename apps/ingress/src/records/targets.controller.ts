import { Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import {
  deliveryStates,
  type DeliveryTarget,
  destinationKinds,
  encodeTargetChange,
  type EpochMs,
  epochMs,
  subscriptionOf,
  type TargetName,
  type TargetNotices,
  utcInstant,
} from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { circuitStateOf } from '#lifecycle';
import { type Clock, CLOCK, TargetStates } from '#platform';
import { Registry } from '#registry';
import { Operation } from '../document/operation.ts';
import { ApiError } from '../http/api-error.ts';
import { boundedQuery, limitQuery, type Query as QueryString } from '../http/query.ts';
import { type Home, HOME } from '../names/home.ts';
import { namedTarget } from '../policies/named-target.ts';
import { noticeBounds } from './notices.operations.ts';
import { STATUS_RECORDS, type StatusRecords } from './status-records.ts';
import { TargetTests } from './target-tests.ts';
import { targetOperations as operations, targetsMax } from './targets.operations.ts';

const { targetLengthMax } = noticeBounds;

/** Targets of notifications. */
@Controller('v2/:project/sendoff/targets')
export class TargetsController {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(TargetStates) private readonly states: TargetStates,
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(Registry) private readonly registry: Pick<Registry, 'topic' | 'hasTarget'>,
    @Inject(HOME) private readonly home: Home,
    @Inject(TargetTests) private readonly tests: TargetTests,
  ) {}

  @Operation(operations.list)
  @Get()
  async list(@Param('project') project: string, @Query() query: QueryString): Promise<Record<string, unknown>> {
    const limit = limitQuery(query, targetsMax, targetsMax);
    const after = boundedQuery(query, 'marker', targetLengthMax);
    const { targets, hasMore } = await this.records.targets({ project, limit, ...(after === undefined ? {} : { after }) });
    const stored = new Map(targets.map((target) => [target.deliveryId, target]));
    // Records know no target of published messages, so failing ones are listed by their state.
    const upTo = hasMore ? targets.at(-1)?.deliveryId : undefined;
    const isOnPage = (id: string) => (after === undefined || isBehind(id, after)) && (upTo === undefined || !isBehind(id, upTo));
    const ids = new Set([...stored.keys(), ...this.states.idsOf(project).filter(isOnPage)]);
    const shown = [...ids].toSorted((one, other) => (isBehind(one, other) ? 1 : -1)).slice(0, limit);
    return {
      targets: shown.map((id) => this.answer({ project, deliveryId: id }, stored.get(id))),
      next_marker: hasMore || ids.size > limit ? (shown.at(-1) ?? '') : '',
    };
  }

  @Operation(operations.enable)
  @Post(':target/enable')
  @HttpCode(200)
  async enable(@Param('project') project: string, @Param('target') deliveryId: string): Promise<Record<string, unknown>> {
    if (deliveryId.length > targetLengthMax) throw tooLong();
    const target = { project, deliveryId };
    await this.checkExists(target);
    const wasSwitchedOff = this.states.switchOffOf(target) !== undefined;
    if (wasSwitchedOff) {
      const changes = [{ kind: 'switch-off', target } as const, { kind: 'health', target } as const];
      const topic = this.kafka.topics.name('targets');
      await this.kafka.publisher.publish(changes.map((change) => encodeTargetChange(topic, change)));
      // The next request must see it, although this process reads it a moment later.
      for (const change of changes) this.states.apply(change);
    }
    return { target: deliveryId, was_switched_off: wasSwitchedOff };
  }

  @Operation(operations.test)
  @Post(':target/test')
  @HttpCode(200)
  async test(@Param('project') project: string, @Param('target') deliveryId: string): Promise<Record<string, unknown>> {
    if (deliveryId.length > targetLengthMax) throw tooLong();
    const { id, test } = await this.tests.run(project, this.testable(project, deliveryId));
    if (test === undefined) return { target: deliveryId, id, outcome: 'unknown' };
    const { outcome, tookMs, reason, location } = test;
    return {
      target: deliveryId,
      id,
      outcome,
      took_ms: tookMs,
      ...(reason === undefined ? {} : { reason }),
      ...(location === undefined ? {} : { location }),
    };
  }

  /**
   * A target exists while policies may name it, or while a notifier or a record still knows it.
   * @throws ApiError FSS.0404.
   */
  private async checkExists({ project, deliveryId }: TargetName): Promise<void> {
    const { health, switchOff } = this.states.stateOf({ project, deliveryId });
    if (health !== undefined || switchOff !== undefined || this.isDeclared(project, deliveryId)) return;
    const all = { project, states: deliveryStates, beginAt: epochMs(0), endAt: this.clock.now(), limit: 1 };
    const { notices } = await this.records.notices({ ...all, deliveryId });
    if (notices.length === 0)
      throw new ApiError('FSS.0404', `no target ${deliveryId.slice(0, 100)}: sendoff/targets lists them, as DIS:orders`);
  }

  private isDeclared(project: string, deliveryId: string): boolean {
    try {
      this.testable(project, deliveryId);
      return true;
    } catch (error) {
      if (error instanceof ApiError) return false;
      throw error;
    }
  }

  /**
   * @throws ApiError FSS.0400; FSS.0404 for a target that does not exist, and for a subscription
   *   that gets no notices.
   */
  private testable(project: string, deliveryId: string): DeliveryTarget {
    const subscriptionUrn = subscriptionOf(deliveryId);
    if (subscriptionUrn === undefined) {
      const target = namedTarget(deliveryId, { ...this.home, project });
      if (!this.registry.hasTarget(project, target))
        throw new ApiError(
          'FSS.0404',
          `no target ${deliveryId.slice(0, 100)}: the project has no such ${destinationKinds[target.type].word}`,
        );
      return target.type === 'OBS' ? { ...target, expiresDays: 1 } : target;
    }
    const topicUrn = subscriptionUrn.slice(0, Math.max(0, subscriptionUrn.lastIndexOf(':')));
    const topic = this.registry.topic(topicUrn);
    const isConfirmed = topic?.subscriptions.some(({ urn, status }) => urn === subscriptionUrn && status === 1) ?? false;
    if (topic?.project !== project || !isConfirmed)
      throw new ApiError('FSS.0404', 'the project has no such subscription, or it is not confirmed');
    return { type: 'Subscription', topicUrn, subscriptionUrn };
  }

  private answer(name: TargetName, stored: TargetNotices | undefined): Record<string, unknown> {
    const now = this.clock.now();
    const health = this.states.healthOf(name);
    const switchOff = this.states.switchOffOf(name);
    const circuit = circuitStateOf(health, now);
    const { pending = 0, undelivered = 0, deliveredAt } = stored ?? {};
    const error = latest(stored?.error, health?.error);
    return {
      target: name.deliveryId,
      pending,
      undelivered,
      circuit,
      failures: health?.failures ?? 0,
      switched_off: switchOff !== undefined,
      removed: !this.isDeclared(name.project, name.deliveryId),
      ...time('failing_since', health?.failingSince),
      ...time('open_until', circuit === 'open' ? health?.openUntil : undefined),
      ...time('last_success_time', deliveredAt),
      ...(error === undefined ? {} : { last_error: error.reason, ...time('last_error_time', error.at) }),
      ...(switchOff === undefined ? {} : { switched_off_reason: switchOff.reason, ...time('switched_off_time', switchOff.at) }),
    };
  }
}

function tooLong(): ApiError {
  return new ApiError('FSS.0400', `a target has at most ${targetLengthMax} characters`);
}

/** True if a target comes behind another one in the order of their bytes, as in the store. */
function isBehind(id: string, other: string): boolean {
  return Buffer.compare(Buffer.from(id), Buffer.from(other)) > 0;
}

function latest<Known extends { readonly at: EpochMs }>(one: Known | undefined, other: Known | undefined): Known | undefined {
  return one === undefined || (other !== undefined && other.at > one.at) ? other : one;
}

function time(name: string, at: EpochMs | undefined): Record<string, string> {
  return at === undefined ? {} : { [name]: utcInstant(at) };
}
