/** How many invocations were accepted in a minute. */
export interface AcceptedInMinute {
  readonly minute: number;
  readonly accepted: number;
}

/** A span of whole minutes, of which the newest `take` records are read. */
export interface SampledSpan {
  readonly beginAt: number;
  /** Belongs to the span. */
  readonly endAt: number;
  readonly take: number;
  /** When the records count as accepted, oldest first: spread as all of the span were. */
  readonly arrivals: readonly number[];
}

/** Which records stand for all. */
export interface RecordSample {
  readonly found: number;
  /** How many invocations each record stands for; 1 if all are read. */
  readonly factor: number;
  /** Oldest first. Empty if all records are read. */
  readonly spans: readonly SampledSpan[];
}

const minuteMs = 60_000;
/** More spans represent the time better, and each costs a question to the store. */
const spansMax = 50;

/**
 * Plans which records are read, if there are more than `readMax`. Spans hold about the same number
 * of invocations, and the same share of each is read.
 * @param minutes in any order.
 */
export function sampleOf(minutes: readonly AcceptedInMinute[], readMax: number): RecordSample {
  const filled = minutes.filter(({ accepted }) => accepted > 0).toSorted((one, other) => one.minute - other.minute);
  const found = filled.reduce((sum, { accepted }) => sum + accepted, 0);
  if (found <= readMax) return { found, factor: 1, spans: [] };
  const factor = found / readMax;
  const spans: SampledSpan[] = [];
  let [passed, taken] = [0, 0];
  let group: AcceptedInMinute[] = [];
  for (const [index, minute] of filled.entries()) {
    group.push(minute);
    passed += minute.accepted;
    const isFull = passed >= ((spans.length + 1) * found) / spansMax || index === filled.length - 1;
    const take = Math.round(passed / factor) - taken;
    if (!isFull || take === 0) continue;
    taken += take;
    spans.push(spanOf(group, take));
    group = [];
  }
  return { found, factor, spans };
}

function spanOf(group: readonly AcceptedInMinute[], take: number): SampledSpan {
  const count = group.reduce((sum, { accepted }) => sum + accepted, 0);
  const arrivals = Array.from({ length: take }, (_, index) => arrivalAt(group, ((index + 0.5) * count) / take));
  const [first, last] = [group[0]?.minute ?? 0, group.at(-1)?.minute ?? 0];
  return { beginAt: first, endAt: last + minuteMs - 1, take, arrivals };
}

/** The instant at which `rank` invocations of the minutes had arrived, if each minute is even. */
function arrivalAt(group: readonly AcceptedInMinute[], rank: number): number {
  let before = 0;
  for (const { minute, accepted } of group) {
    if (rank <= before + accepted) return minute + Math.floor(((rank - before) / accepted) * (minuteMs - 1));
    before += accepted;
  }
  return (group.at(-1)?.minute ?? 0) + minuteMs - 1;
}
