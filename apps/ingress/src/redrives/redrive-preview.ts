import { Inject } from '@nestjs/common';
import { noticeFunctionsMax, type NoticePlace, type RedriveSpec } from '#contracts';
import { TargetStates } from '#platform';
import { ApiError } from '../http/api-error.ts';
import { STATUS_RECORDS, type StatusRecords } from '../records/status-records.ts';
import { refusalInRecord } from './failed-invocations.ts';
import { Namesakes } from './namesakes.ts';
import { addRefusal } from './refusals.ts';
import { targetSwitchedOff } from './undelivered-notices.ts';

/** The largest page that the store gives. */
const pageSize = 500;
/** A preview asks for so many pages at most, so that its answer comes in time. */
const pagesMax = 20;
const firstShown = 10;

/** An invocation or a notice that a preview has seen. */
interface Seen {
  readonly requestId: string;
  /** Why the redrive will not start it; absent if it will. */
  readonly refusal?: string | undefined;
}

interface Counted {
  readonly seen: readonly Seen[];
  /** True if more may follow. */
  readonly isMore: boolean;
}

/** Counts what a redrive would look at, as the records show it. */
export class RedrivePreview {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
    @Inject(TargetStates) private readonly targets: TargetStates,
    @Inject(Namesakes) private readonly namesakes: Namesakes,
  ) {}

  /**
   * @returns fields of the answer. `is_more` tells that the counts are only lower bounds, or that
   *   the redrive leaves some out because of its limit.
   * @throws PlatformError `STORE_UNAVAILABLE`.
   */
  async of(spec: RedriveSpec) {
    const { seen, isMore } = await (spec.selection.kind === 'failed' ? this.failed(spec) : this.undelivered(spec));
    const selected = seen.slice(0, spec.selectedMax);
    const startable = selected.filter(({ refusal }) => refusal === undefined);
    return {
      selected: selected.length,
      startable: startable.length,
      refused: selected.reduce(addRefusal, []),
      is_more: isMore || seen.length > spec.selectedMax,
      first_request_ids: startable.slice(0, firstShown).map(({ requestId }) => requestId),
      estimated_seconds: Math.ceil(startable.length / spec.ratePerSecond),
    };
  }

  private async failed({ project, selection, selectedMax }: RedriveSpec): Promise<Counted> {
    const { kind: _kind, deliveryId: _target, ...filter } = selection;
    return seenInPages(selectedMax, async (marker?: string) => {
      const after = marker === undefined ? {} : { marker };
      const more = { ...after, limit: pageSize, withPlaces: true, withRedriven: true };
      const { records, next } = await this.records.search({ ...filter, project, ...more });
      return {
        seen: records.map((record) => ({
          requestId: record.requestId,
          refusal: refusalInRecord(record, selection) ?? this.namesakes.refusal(record, selection),
        })),
        next,
      };
    });
  }

  private async undelivered({ project, selection, selectedMax }: RedriveSpec): Promise<Counted> {
    const { functionUrns, deliveryId, beginAt, endAt } = selection;
    if (functionUrns !== undefined && functionUrns.length > noticeFunctionsMax)
      throw new ApiError('FSS.1001', `notices can be counted for ${noticeFunctionsMax} versions at once: name a function`);
    const target = deliveryId === undefined ? {} : { deliveryId };
    const functions = functionUrns === undefined ? {} : { functionUrns };
    const query = { project, states: ['undelivered'] as const, ...target, ...functions, beginAt, endAt, limit: pageSize };
    return seenInPages(selectedMax, async (place?: NoticePlace) => {
      const { notices, hasMore } = await this.records.notices({ ...query, ...(place === undefined ? {} : { after: place }) });
      const last = notices.at(-1);
      const next =
        hasMore && last !== undefined
          ? { acceptedAt: last.acceptedAt, requestId: last.requestId, deliveryId: last.deliveryId }
          : undefined;
      return { seen: notices.map((notice) => this.seenNotice(project, notice)), next };
    });
  }

  private seenNotice(
    project: string,
    { requestId, deliveryId }: { readonly requestId: string; readonly deliveryId: string },
  ): Seen {
    return this.targets.switchOffOf({ project, deliveryId }) === undefined
      ? { requestId }
      : { requestId, refusal: targetSwitchedOff };
  }
}

/** Reads pages until they end, or until a preview has seen enough. */
async function seenInPages<Place>(
  seenMax: number,
  pageAfter: (place?: Place) => Promise<{ readonly seen: readonly Seen[]; readonly next: Place | undefined }>,
): Promise<Counted> {
  const seen: Seen[] = [];
  let place: Place | undefined;
  for (let pages = 0; pages < pagesMax && seen.length <= seenMax; pages += 1) {
    const page = await pageAfter(place);
    seen.push(...page.seen);
    if (page.next === undefined) return { seen, isMore: false };
    place = page.next;
  }
  return { seen, isMore: true };
}
