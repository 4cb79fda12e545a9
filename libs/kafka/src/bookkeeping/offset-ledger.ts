/**
 * Calculates the commit of one partition: a pure function of offsets.
 *
 * Records are handed out in ascending order and finish in any order. Three facts describe a
 * partition:
 *
 * - the offsets in flight;
 * - the position, which is one past the last offset handed out;
 * - the runs above the position that an earlier owner finished.
 *
 * 1. The committed offset is never past an offset in flight (I1).
 * 2. An offset below the position and not in flight is finished, or does not exist.
 * 3. The metadata never calls an unfinished offset finished. If it grows too long it forgets
 *    finished offsets, the highest first.
 */

import { ownerMarkBytes } from './owner-mark.ts';

/** The offsets in `[from, to)`. */
export interface OffsetRun {
  readonly from: bigint;
  readonly to: bigint;
}

/** How far a partition is finished. */
export interface Commit {
  /** All offsets below are finished. */
  readonly offset: bigint;
  /** Finished offsets above, as text; see {@link encodeFinished}. */
  readonly metadata: string;
}

/** Longest commit metadata, in bytes: the default of the brokers (`offset.metadata.max.bytes`). */
export const metadataBytesMax = 4096;

/** Longest text of finished offsets: the mark of an owner stands before it. */
const finishedBytesMax = metadataBytesMax - ownerMarkBytes;

const version = 'f1:';

/**
 * Returns the commit that is allowed now.
 * @param inFlight offsets handed out and not finished, ascending. Only as many are read as fit into
 *   the metadata.
 * @param position one past the last offset handed out.
 * @param ahead finished runs at or above the position, ascending and not adjacent.
 */
export function committable(inFlight: Iterable<bigint>, position: bigint, ahead: readonly OffsetRun[]): Commit {
  const [low = position] = inFlight;
  const [first] = ahead;
  // Nothing is in flight, and a finished run begins at the position: that run is finished too.
  if (low === position && first?.from === position)
    return { offset: first.to, metadata: encodeFinished(first.to, ahead.slice(1)) };
  return { offset: low, metadata: encodeFinished(low, finishedAbove(inFlight, low, position, ahead)) };
}

/** The finished runs above the low-water mark, ascending and not adjacent. */
function* finishedAbove(
  inFlight: Iterable<bigint>,
  low: bigint,
  position: bigint,
  ahead: readonly OffsetRun[],
): IterableIterator<OffsetRun> {
  let cursor = low;
  for (const offset of inFlight) {
    if (offset > cursor) yield { from: cursor, to: offset };
    cursor = offset + 1n;
  }
  const [first] = ahead;
  const isJoined = first?.from === position;
  if (position > cursor || isJoined) yield { from: cursor, to: isJoined ? first.to : position };
  yield* isJoined ? ahead.slice(1) : ahead;
}

/**
 * Encodes finished runs as text. From the base on it lists lengths in base 36: unfinished offsets,
 * finished offsets, unfinished offsets, and so on.
 * @param runs ascending, not adjacent, and above the base.
 * @param bytesMax runs that do not fit are left out, the highest first.
 * @returns the empty text if there are no runs.
 */
export function encodeFinished(base: bigint, runs: Iterable<OffsetRun>, bytesMax: number = finishedBytesMax): string {
  let text = '';
  let cursor = base;
  for (const { from, to } of runs) {
    const piece = `${text === '' ? version : '.'}${(from - cursor).toString(36)}.${(to - from).toString(36)}`;
    if (text.length + piece.length > bytesMax) break;
    text += piece;
    cursor = to;
  }
  return text;
}

/**
 * Decodes the text of {@link encodeFinished}.
 * @returns no runs for any other text. The records are then handled again, which is allowed (I5);
 *   none is skipped.
 */
export function decodeFinished(base: bigint, metadata: string | null): readonly OffsetRun[] {
  if (metadata === null || !metadata.startsWith(version)) return [];
  const lengths = metadata.slice(version.length).split('.');
  if (lengths.length % 2 !== 0 || lengths.some((length) => !/^[0-9a-z]{1,12}$/.test(length))) return [];
  const runs: OffsetRun[] = [];
  let cursor = base;
  for (let index = 0; index < lengths.length; index += 2) {
    const from = cursor + fromBase36(lengths[index] ?? '0');
    cursor = from + fromBase36(lengths[index + 1] ?? '0');
    if (cursor > from) runs.push({ from, to: cursor });
  }
  return runs;
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function fromBase36(text: string): bigint {
  return BigInt(Number.parseInt(text, 36));
}

/**
 * The offsets of one assigned partition: those handed out, those finished, and those finished by an
 * earlier owner.
 */
export class OffsetLedger {
  // A Set keeps the order of insertion, and offsets are inserted ascending. So its first offset is
  // the low-water mark.
  private readonly unfinished = new Set<bigint>();
  private next: bigint;
  private finishedAhead: readonly OffsetRun[];
  private finishedIndex = 0;

  /**
   * @param start the committed offset.
   * @param metadata the metadata of that commit.
   */
  constructor(start: bigint, metadata: string | null) {
    this.next = start;
    this.finishedAhead = decodeFinished(start, metadata);
  }

  /** One past the last offset handed out. */
  get position(): bigint {
    return this.next;
  }

  /** Every offset below is finished. */
  get lowWaterMark(): bigint {
    const [low = this.next] = this.unfinished;
    return low;
  }

  /** Offsets handed out and not finished. */
  get inFlight(): number {
    return this.unfinished.size;
  }

  /**
   * Notes that a record is about to be handed out.
   * @returns false if it must not be: it was handed out before, or it is finished.
   */
  handOut(offset: bigint): boolean {
    if (offset < this.next) return false;
    while ((this.finishedAhead[this.finishedIndex]?.to ?? offset + 1n) <= offset) this.finishedIndex += 1;
    const run = this.finishedAhead[this.finishedIndex];
    this.next = offset + 1n;
    if (run !== undefined && run.from <= offset) return false;
    this.unfinished.add(offset);
    return true;
  }

  /**
   * Notes that no record is left below an offset.
   * @returns false if the position is there already.
   */
  pass(offset: bigint): boolean {
    if (offset <= this.next) return false;
    this.next = offset;
    return true;
  }

  /** Notes that the record at an offset is finished. */
  finish(offset: bigint): void {
    this.unfinished.delete(offset);
  }

  /** True if a commit says that an offset is finished which this ledger does not call finished. */
  isBehind(offset: bigint, metadata: string | null): boolean {
    const finished = [{ from: 0n, to: offset }, ...decodeFinished(offset, metadata)];
    for (const low of this.unfinished) {
      while (finished[0] !== undefined && finished[0].to <= low) finished.shift();
      if (finished[0] !== undefined && finished[0].from <= low) return true;
    }
    const ahead = this.ahead();
    return finished.some(
      ({ from, to }) => to > this.next && !ahead.some((run) => run.from <= maxOf(from, this.next) && to <= run.to),
    );
  }

  /** Returns the commit that is allowed now. */
  committable(): Commit {
    return committable(this.unfinished, this.next, this.ahead());
  }

  /** The runs at or above the position that an earlier owner finished. */
  private ahead(): OffsetRun[] {
    const ahead: OffsetRun[] = [];
    for (const run of this.finishedAhead.slice(this.finishedIndex)) {
      const from = maxOf(run.from, this.next);
      if (run.to > from) ahead.push({ from, to: run.to });
    }
    return ahead;
  }
}
