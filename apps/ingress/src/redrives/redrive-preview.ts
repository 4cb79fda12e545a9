import { Inject } from '@nestjs/common';
import { noticeFunctionsMax, type RedriveSpec } from '#contracts';
import { ApiError } from '../http/api-error.ts';
import { STATUS_RECORDS, type StatusRecords } from '../records/status-records.ts';

/** The largest page that the store gives. */
const pageSize = 500;
/** A preview asks for so many pages at most, so that its answer comes in time. */
const pagesMax = 20;
const firstShown = 10;

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

  private async failed({ project, selection, selectedMax }: RedriveSpec) {
    const { kind: _kind, deliveryId: _target, ...filter } = selection;
    const ids: string[] = [];
    let marker: string | undefined;
    for (let pages = 0; pages < pagesMax && ids.length <= selectedMax; pages += 1) {
      const after = marker === undefined ? {} : { marker };
      const { records, next } = await this.records.search({ ...filter, project, ...after, limit: pageSize });
      ids.push(...records.map(({ requestId }) => requestId));
      if (next === undefined) return { ids, isMore: false };
      marker = next;
    }
    return { ids, isMore: true };
  }

  private async undelivered({ project, selection, selectedMax }: RedriveSpec) {
    const { functionUrns, deliveryId, beginAt, endAt } = selection;
    if (functionUrns !== undefined && functionUrns.length > noticeFunctionsMax)
      throw new ApiError('FSS.1001', `notices can be counted for ${noticeFunctionsMax} versions at once: name a function`);
    const target = deliveryId === undefined ? {} : { deliveryId };
    const functions = functionUrns === undefined ? {} : { functionUrns };
    const query = { project, states: ['undelivered'] as const, ...target, ...functions, beginAt, endAt, limit: pageSize };
    const ids: string[] = [];
    for (let pages = 0, after = {}; pages < pagesMax && ids.length <= selectedMax; pages += 1) {
      const { notices, hasMore } = await this.records.notices({ ...query, ...after });
      ids.push(...notices.map(({ requestId }) => requestId));
      const last = notices.at(-1);
      if (!hasMore || last === undefined) return { ids, isMore: false };
      after = { after: { acceptedAt: last.acceptedAt, requestId: last.requestId, deliveryId: last.deliveryId } };
    }
    return { ids, isMore: true };
  }
}
