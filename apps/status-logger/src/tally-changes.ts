/**
 * How the counts of functions change when records do.
 *
 * A record counts by its own fields alone. So a batch takes each changed record as it was from the
 * counts, and adds it as it is now. The order of arrival and repeated events change nothing (I4).
 */
import type { Reject, tallyExtremes, TallySum } from '#contracts';
import type { FoldedRecord } from '#lifecycle';

/** Length of a minute, in milliseconds. */
export const minuteMs = 60_000;

/** The function name under which a store counts all functions of a project together. */
export const wholeProject = '';

/** How the counts of one function in one minute change. */
export interface TallyChange {
  readonly project: string;
  /** A URN of eight fields, or {@link wholeProject}. */
  readonly functionUrn: string;
  /** Start of the minute in milliseconds since 1970; undefined for the counts of all minutes. */
  readonly minute: number | undefined;
  readonly sums: Partial<Record<TallySum, number>>;
  readonly extremes: Partial<Record<(typeof tallyExtremes)[number], number>>;
}

/** The start of the minute in which an instant lies. */
export function minuteOf(at: number): number {
  return Math.floor(at / minuteMs) * minuteMs;
}

type Row = Pick<TallyChange, 'sums' | 'extremes'>;
type Minutes = Map<number, Row>;

/** Gathers how counts change. */
export class TallyChanges {
  private readonly functions = new Map<string, { project: string; functionUrn: string; minutes: Minutes }>();

  /**
   * Adds what one record changes.
   * @param before the record as it was; undefined if the store had none.
   */
  replace(before: FoldedRecord | undefined, after: FoldedRecord): void {
    if (before !== undefined) this.count(before, -1);
    this.count(after, 1);
  }

  /** Adds a refused record. Without a function it counts for the project `''`. */
  reject({ project, functionUrn, at }: Pick<Reject, 'project' | 'functionUrn' | 'at'>): void {
    add(this.minutesOf(project, functionUrn), at, 'rejected', 1);
  }

  /**
   * The changes of functions and of whole projects, of minutes and in all. They come in one order,
   * so that two processes never wait for each other.
   */
  changes(): readonly TallyChange[] {
    const all = new Map<string, TallyChange>();
    const addTo = (project: string, functionUrn: string, minute: number | undefined, row: Row) => {
      const key = `${project}\n${functionUrn}\n${minute === undefined ? '' : String(minute).padStart(16, '0')}`;
      const known = all.get(key) ?? { project, functionUrn, minute, sums: {}, extremes: {} };
      all.set(key, known);
      addRow(known, row);
    };
    for (const { project, functionUrn, minutes } of this.functions.values())
      for (const [minute, row] of minutes)
        for (const name of new Set([functionUrn, wholeProject])) {
          addTo(project, name, minute, row);
          addTo(project, name, undefined, row);
        }
    return [...all].sort(([one], [other]) => (one < other ? -1 : 1)).flatMap(([, change]) => (isChange(change) ? [change] : []));
  }

  private count(record: FoldedRecord, by: 1 | -1): void {
    const { functionUrn, project, endedAt } = record;
    // The function is not known while only a delivery of the invocation is.
    if (functionUrn === '') return;
    const minutes = this.minutesOf(project, functionUrn);
    add(minutes, record.acceptedAt, 'accepted', by);
    if (endedAt === undefined) countInFlight(minutes, record, by);
    else countEnd(minutes, record, endedAt, by);
    for (const { state, at } of record.deliveries) add(minutes, at, `notices_${state}`, by);
  }

  private minutesOf(project: string, functionUrn: string): Minutes {
    const key = `${project}\n${functionUrn}`;
    let entry = this.functions.get(key);
    if (entry === undefined) this.functions.set(key, (entry = { project, functionUrn, minutes: new Map() }));
    return entry.minutes;
  }
}

function countInFlight(minutes: Minutes, record: FoldedRecord, by: 1 | -1): void {
  const waits = record.dueAt === undefined ? 'queued' : 'delayed';
  add(minutes, record.acceptedAt, record.status === 'RUNNING' ? 'running' : waits, by);
  if (record.status !== 'RUNNING' && record.dueAt !== undefined) add(minutes, record.dueAt, 'due', by);
  if (record.expiresAt !== undefined) add(minutes, record.expiresAt, 'expiring', by);
}

function countEnd(minutes: Minutes, record: FoldedRecord, endedAt: number, by: 1 | -1): void {
  const { startedAt, lateMs } = record;
  const row = add(minutes, endedAt, `ended_${record.errorCode}` as TallySum, by);
  addSum(row, 'attempts', by * record.attempts);
  if (startedAt === undefined) return;
  const runMs = Math.max(0, endedAt - startedAt);
  addSum(row, 'runs', by);
  addSum(row, 'run_ms', by * runMs);
  if (lateMs !== undefined) {
    addSum(row, 'starts', by);
    addSum(row, 'late_ms', by * lateMs);
  }
  if (by > 0)
    addExtremes(row, { run_ms_min: runMs, run_ms_max: runMs, ...(lateMs === undefined ? {} : { late_ms_max: lateMs }) });
}

function add(minutes: Minutes, at: number, name: TallySum, by: number): Row {
  const minute = minuteOf(at);
  let row = minutes.get(minute);
  if (row === undefined) minutes.set(minute, (row = { sums: {}, extremes: {} }));
  addSum(row, name, by);
  return row;
}

function addSum({ sums }: Row, name: TallySum, by: number): void {
  sums[name] = (sums[name] ?? 0) + by;
}

function addExtremes({ extremes }: Row, { run_ms_min: min, run_ms_max: max, late_ms_max: late }: Row['extremes']): void {
  if (min !== undefined) extremes.run_ms_min = Math.min(extremes.run_ms_min ?? min, min);
  if (max !== undefined) extremes.run_ms_max = Math.max(extremes.run_ms_max ?? max, max);
  if (late !== undefined) extremes.late_ms_max = Math.max(extremes.late_ms_max ?? late, late);
}

function addRow(row: Row, { sums, extremes }: Row): void {
  for (const [name, by] of Object.entries(sums)) addSum(row, name as TallySum, by);
  addExtremes(row, extremes);
}

function isChange({ sums, extremes }: Row): boolean {
  return Object.keys(extremes).length > 0 || Object.values(sums).some((by) => by !== 0);
}
