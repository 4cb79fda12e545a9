import { Inject } from '@nestjs/common';
import {
  conditions,
  epochMs,
  formatFunctionUrn,
  type FoundRecord,
  type Invocation,
  limits,
  parseFunctionUrn,
  redriveParentTag,
  type RedriveSelection,
  type RedriveSpec,
  redriveTag,
  searchMarker,
  type Status,
} from '#contracts';
import { type Clock, CLOCK, newRequestId } from '#platform';
import { Acceptor } from '../invocations/acceptor.ts';
import { KeptInvocations } from '../invocations/kept-invocations.ts';
import { type Home, HOME } from '../names/home.ts';
import { STATUS_RECORDS, type StatusRecords } from '../records/status-records.ts';
import { Namesakes } from './namesakes.ts';
import type { Redriven, RedrivePage, RedriveSource } from './redrive-source.ts';

/** Clocks of ingresses differ. */
const dayMs = 86_400_000;
/** Tags that a redrive adds. */
const addedTags = 2;

/** Why a redrive does not start an invocation, as far as its record tells. */
export function refusalInRecord(
  { errorCode, isRedriven = false, places = [] }: FoundRecord,
  selection: RedriveSelection,
): string | undefined {
  // A caller canceled it on purpose. It counts only if the selection names that.
  if (errorCode === conditions.InvocationCanceled.errorCode && selection.errorCode === undefined) return 'canceled';
  if (isRedriven) return 'already-redriven';
  return places.length === 0 ? 'payload-not-kept' : undefined;
}

/** Failed invocations: each is invoked again, as a new invocation. */
export class FailedInvocations implements RedriveSource {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(KeptInvocations) private readonly kept: KeptInvocations,
    @Inject(Acceptor) private readonly acceptor: Pick<Acceptor, 'accept'>,
    @Inject(Namesakes) private readonly namesakes: Namesakes,
    @Inject(HOME) private readonly home: Home,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async page(spec: RedriveSpec, marker: string, count: number): Promise<RedrivePage> {
    const { kind: _kind, deliveryId: _target, ...filter } = spec.selection;
    const after = marker === '' ? {} : { marker };
    const search = { ...filter, ...after, project: spec.project, limit: count, withPlaces: true };
    const { records, next } = await this.records.search(search);
    const items = records.map((record) => ({
      requestId: record.requestId,
      marker: searchMarker(record),
      redrive: async () => this.redrive(spec, record),
    }));
    return { items, ...(next === undefined ? {} : { next }) };
  }

  async ended(spec: RedriveSpec): Promise<{ readonly succeeded: number; readonly failed: number }> {
    const [succeeded, failed] = await Promise.all([this.count(spec, ['SUCCESS']), this.count(spec, ['FAIL', 'DISCARD'])]);
    return { succeeded, failed };
  }

  private async count({ id, project, createdAt }: RedriveSpec, statuses: readonly Status[]): Promise<number> {
    return (await this.tagged(project, redriveTag(id), createdAt, { statuses })).count;
  }

  private async tagged(project: string, tag: string, since: number, more: { readonly statuses?: readonly Status[] }) {
    const window = { beginAt: epochMs(Math.max(0, since - dayMs)), endAt: epochMs(this.clock.now() + dayMs) };
    return this.records.query({ project, tag, ...window, ...more, offset: 0, limit: 10 });
  }

  private async redrive(spec: RedriveSpec, record: FoundRecord): Promise<Redriven> {
    const before = await this.tagged(spec.project, redriveParentTag(record.requestId), record.acceptedAt, {});
    if (before.records.some(({ tags }) => tags.includes(redriveTag(spec.id)))) return { kind: 'sent' };
    const reason = refusalInRecord({ ...record, isRedriven: before.count > 0 }, spec.selection);
    if (reason !== undefined) return { kind: 'refused', reason };
    const parent = await this.kept.find(record);
    return parent === undefined ? { kind: 'refused', reason: 'payload-deleted' } : this.invoke(spec, parent);
  }

  private async invoke(spec: RedriveSpec, parent: Invocation): Promise<Redriven> {
    const { project, payload, payloadRef, hops, memoryMb, requestId } = parent;
    const refusal = this.namesakes.refusal(parent, spec.selection);
    if (refusal !== undefined) return { kind: 'refused', reason: refusal };
    const fn = this.namesakes.functionNamed(parent.functionUrn);
    const own = (parent.tags ?? []).filter((tag) => !tag.startsWith('redrive'));
    const arrived = await this.acceptor.accept({
      requestId: newRequestId(this.clock.now()),
      functionName: this.nameFor(parent),
      // The function may be replaced before the acceptor looks it up.
      ...(fn === undefined ? {} : { functionId: fn.id }),
      project,
      payload,
      ...(payloadRef === undefined ? {} : { payloadRef }),
      headers: {},
      hops,
      ...(memoryMb === undefined ? {} : { memoryMb }),
      tags: [redriveTag(spec.id), redriveParentTag(requestId), ...own.slice(0, limits.invocationTagsMax - addedTags)].sort(),
      // The key makes a second try after a crash the same invocation.
      idempotencyKey: `${redriveTag(spec.id)} ${requestId}`,
      givesWay: true,
      isRedriven: true,
    });
    switch (arrived.kind) {
      case 'accepted':
      case 'discarded':
        return { kind: 'sent' };
      case 'paused':
        return { kind: 'refused', reason: 'intake-paused' };
      case 'refused':
        return { kind: 'refused', reason: arrived.reason };
      default:
        return arrived satisfies never;
    }
  }

  /** An alias chooses again: the version that it names now may be the mended one. */
  private nameFor({ functionUrn, alias }: Invocation): string {
    const urn = alias === undefined ? undefined : parseFunctionUrn(functionUrn, this.home);
    return urn === undefined ? functionUrn : formatFunctionUrn({ ...urn, qualifier: `!${alias}` });
  }
}
