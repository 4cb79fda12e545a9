import { Inject } from '@nestjs/common';
import { noticeFunctionsMax, type NoticePlace, type RedriveSpec } from '#contracts';
import { ApiError } from '../http/api-error.ts';
import { STATUS_RECORDS, type StatusRecords } from '../records/status-records.ts';

/** The largest page that the store gives. */
const pageSize = 500;
/** A preview asks for so many pages at most, so that its answer comes in time. */
const pagesMax = 20;
const firstShown = 10;

/** The ids that a preview has seen. */
interface Counted {
  readonly ids: readonly string[];
  /** True if more may follow. */
  readonly isMore: boolean;
}

/** Counts what a redrive would look at, as the records show it. */
export class RedrivePreview {
  constructor(@Inject(STATUS_RECORDS) private readonly records: StatusRecords) {}

  /**
   * @returns fields of the answer. `is_more` tells that the count is only a lower bound, or that
   *   the redrive leaves some out because of its limit.
   * @throws PlatformError `STORE_UNAVAILABLE`.
   */
  async of(spec: RedriveSpec): Promise<Record<string, unknown>> {
    const { ids, isMore } = await (spec.selection.kind === 'failed' ? this.failed(spec) : this.undelivered(spec));
    const selected = Math.min(ids.length, spec.selectedMax);
    return {
      selected,
      is_more: isMore || ids.length > spec.selectedMax,
      first_request_ids: ids.slice(0, firstShown),
      estimated_seconds: Math.ceil(selected / spec.ratePerSecond),
    };
  }

  private async failed({ project, selection, selectedMax }: RedriveSpec): Promise<Counted> {
    const { kind: _kind, deliveryId: _target, ...filter } = selection;
    return idsOfPages(selectedMax, async (marker?: string) => {
      const after = marker === undefined ? {} : { marker };
      const { records, next } = await this.records.search({ ...filter, project, ...after, limit: pageSize });
      return { ids: records.map(({ requestId }) => requestId), next };
    });
  }

  private async undelivered({ project, selection, selectedMax }: RedriveSpec): Promise<Counted> {
    const { functionUrns, deliveryId, beginAt, endAt } = selection;
    if (functionUrns !== undefined && functionUrns.length > noticeFunctionsMax)
      throw new ApiError('FSS.1001', `notices can be counted for ${noticeFunctionsMax} versions at once: name a function`);
    const target = deliveryId === undefined ? {} : { deliveryId };
    const functions = functionUrns === undefined ? {} : { functionUrns };
    const query = { project, states: ['undelivered'] as const, ...target, ...functions, beginAt, endAt, limit: pageSize };
    return idsOfPages(selectedMax, async (place?: NoticePlace) => {
      const { notices, hasMore } = await this.records.notices({ ...query, ...(place === undefined ? {} : { after: place }) });
      const last = notices.at(-1);
      const next =
        hasMore && last !== undefined
          ? { acceptedAt: last.acceptedAt, requestId: last.requestId, deliveryId: last.deliveryId }
          : undefined;
      return { ids: notices.map(({ requestId }) => requestId), next };
    });
  }
}

/** Reads pages until they end, or until a preview has seen enough. */
async function idsOfPages<Place>(
  idsMax: number,
  pageAfter: (place?: Place) => Promise<{ readonly ids: readonly string[]; readonly next: Place | undefined }>,
): Promise<Counted> {
  const ids: string[] = [];
  let place: Place | undefined;
  for (let pages = 0; pages < pagesMax && ids.length <= idsMax; pages += 1) {
    const page = await pageAfter(place);
    ids.push(...page.ids);
    if (page.next === undefined) return { ids, isMore: false };
    place = page.next;
  }
  return { ids, isMore: true };
}
