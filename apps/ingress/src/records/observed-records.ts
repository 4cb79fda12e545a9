import { epochMs, type FoundRecord } from '#contracts';
import {
  type PresentPolicy,
  type RecordedInvocation,
  recordedInvocationOf,
  type Replayed,
  sampleOf,
  simulationBounds,
} from '#lifecycle';
import type { StatusRecords } from './status-records.ts';

const minuteMs = 60_000;
/** How far back records are read. */
const observedMs = 7 * 86_400_000;
const pageMax = 500;

/** The records of a function that a simulation replays. */
export interface ObservedRecords {
  /** Those that have ended, in the order of their arrival. */
  readonly replayed: readonly Replayed[];
  /** Accepted in the last 7 days. */
  readonly found: number;
  readonly read: number;
  /** How many invocations each read record stands for. */
  readonly factor: number;
  /** Read records of invocations that have not ended. */
  readonly notEnded: number;
  /** Of the replayed ones: those that were accepted before the present policy. */
  readonly beforePolicy: number;
  readonly from: number;
  readonly to: number;
}

/** Which records of one version of a function are read. */
interface Span {
  readonly project: string;
  readonly functionUrn: string;
  readonly beginAt: number;
  readonly endAt: number;
}

/**
 * Reads the records of the last 7 days, or a sample of them if there are more than 5,000.
 * @throws PlatformError `STORE_UNAVAILABLE`.
 */
export async function observe(
  records: Pick<StatusRecords, 'minutes' | 'search'>,
  { project, functionUrn }: Pick<Span, 'project' | 'functionUrn'>,
  present: PresentPolicy,
  now: number,
): Promise<ObservedRecords> {
  const to = (Math.floor(now / minuteMs) + 1) * minuteMs;
  const whole: Span = { project, functionUrn, beginAt: Math.max(0, to - observedMs), endAt: to };
  const minutes = await records.minutes({ project, functionUrns: [functionUrn], from: whole.beginAt, to });
  const counts = minutes.map(({ minute, tally }) => ({ minute, accepted: tally.accepted }));
  const { found, factor, spans } = sampleOf(counts, simulationBounds.invocationsMax);
  const arrived: { at: number; record: FoundRecord }[] = [];
  if (factor === 1)
    for (const record of await newest(records, whole, simulationBounds.invocationsMax))
      arrived.push({ at: record.acceptedAt, record });
  for (const { beginAt, endAt, take, arrivals } of spans) {
    const some = await newest(records, { project, functionUrn, beginAt, endAt }, take);
    for (const [index, record] of some.toReversed().entries()) arrived.push({ at: arrivals[index] ?? record.acceptedAt, record });
  }
  const recorded = arrived.map(({ at, record }) => ({ at, recorded: recordedInvocationOf(record, present) }));
  const replayed = recorded.filter((one): one is { at: number; recorded: RecordedInvocation } => one.recorded !== undefined);
  return {
    replayed: replayed.toSorted((one, other) => one.at - other.at),
    found: Math.max(found, arrived.length),
    read: arrived.length,
    factor,
    notEnded: arrived.length - replayed.length,
    beforePolicy: replayed.filter(({ recorded }) => !recorded.isOfPolicy).length,
    from: whole.beginAt,
    to: now,
  };
}

/** Reads at most `count` records, newest first. */
async function newest(
  records: Pick<StatusRecords, 'search'>,
  { project, functionUrn, beginAt, endAt }: Span,
  count: number,
): Promise<readonly FoundRecord[]> {
  const all: FoundRecord[] = [];
  const search = { project, functionUrns: [functionUrn], beginAt: epochMs(beginAt), endAt: epochMs(endAt), withHistory: true };
  for (let marker: string | undefined = ''; marker !== undefined && all.length < count; ) {
    const after: { readonly marker?: string } = marker === '' ? {} : { marker };
    const page = await records.search({ ...search, ...after, limit: Math.min(pageMax, count - all.length) });
    all.push(...page.records);
    marker = page.next;
  }
  return all;
}
