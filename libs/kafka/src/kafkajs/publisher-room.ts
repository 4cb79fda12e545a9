/**
 * The room of a publisher counts all of its records, and lets calls wait while it is full.
 *
 * 1. Records and bytes are counted from their admission until they are finished. They never exceed
 *    their bounds (I7). One exception: a single call that is larger than the bounds is admitted
 *    when nothing else is counted.
 * 2. Each leading broker has an equal share of the room. So the records of a broker that hangs
 *    never keep out those of another one. Records without a leader have a smaller share.
 * 3. Functions take turns for room, so a flood of one function delays a record of another by one
 *    record at most. Records that name no function take turns by topic.
 * 4. The calls of one function to one broker are admitted in the order in which they came. A small
 *    call does not overtake a large one that waits for room.
 * 5. Records that give way fill at most half of a share.
 */
import type { CallRecords, PublishCall, QueuedRecord } from './publisher-queue.ts';
import { Turns } from './turns.ts';

/** Bounds of the records of a publisher. */
export interface RoomLimits {
  /** Bytes that are queued or on the way. */
  readonly queueBytesMax: number;
  /** Records that are queued or on the way. */
  readonly queueRecordsMax: number;
}

/** The publisher, as its room sees it. */
export interface RoomPorts {
  /** Brokers that lead partitions of the topics in use; 0 while none is known. */
  leaders(): number;
  /** Chooses the partition of a record. @returns the broker that leads it; -1 if none does. */
  leaderOf(record: QueuedRecord): number;
  /** Called with records that have room now. Each has its leader. */
  admitted(records: readonly QueuedRecord[]): void;
}

/** Records and bytes. */
interface Amount {
  records: number;
  bytes: number;
}

/** Records that give way, or all others: the calls that wait for room, and what is counted. */
class Line implements Amount {
  readonly waiting = new Turns<CallRecords>();
  records = 0;
  bytes = 0;
}

/** The share of one leader. */
class Share {
  readonly usual = new Line();
  readonly givingWay = new Line();

  lineOf({ givesWay }: PublishCall): Line {
    return givesWay ? this.givingWay : this.usual;
  }

  get records(): number {
    return this.usual.records + this.givingWay.records;
  }

  get bytes(): number {
    return this.usual.bytes + this.givingWay.bytes;
  }
}

/** See the head of this file. */
export class PublisherRoom {
  /** Bytes that are queued or on the way. */
  bytes = 0;
  /** Records that are queued or on the way. */
  records = 0;
  /** By the id of the leader; -1 for none. */
  private readonly shares = new Map<number, Share>();
  private readonly waitingCalls = new Set<PublishCall>();

  constructor(
    private readonly limits: RoomLimits,
    private readonly ports: RoomPorts,
  ) {}

  /** Admits the records of a call, or lets the call wait. Ignores a settled call. */
  enter(call: CallRecords): void {
    if (call.call.isSettled) return;
    const full = this.shareWithoutRoom(call, true);
    if (full === undefined) this.admit(call);
    else this.wait(call, full);
  }

  /** True while a call waits because the room is full. */
  isWaiting(call: PublishCall): boolean {
    return this.waitingCalls.has(call);
  }

  /** Stops counting these records, and admits the calls that now have room. */
  leave(records: readonly QueuedRecord[]): void {
    for (const record of records) this.count(record, -1);
    this.admitWaiting();
  }

  /** Counts a record to the leader that its partition has now. */
  move(record: QueuedRecord, leader: number): void {
    if (record.leader === leader) return;
    this.count(record, -1);
    record.leader = leader;
    this.count(record, 1);
  }

  /** Looks again for the leaders of all records that wait, and admits those that have room. */
  reconsider(): void {
    const waiting = [...this.shares.values()].flatMap(({ usual, givingWay }) =>
      [usual, givingWay].flatMap((line) => line.waiting.takeHeads(() => true)),
    );
    this.waitingCalls.clear();
    for (const call of waiting) this.enter(call);
  }

  private admitWaiting(): void {
    for (const share of this.shares.values())
      for (const line of [share.usual, share.givingWay])
        for (let next = line.waiting.next; next !== undefined; next = line.waiting.next) {
          const full = next.call.isSettled ? undefined : this.shareWithoutRoom(next, false);
          if (full === share) break;
          line.waiting.shift();
          this.waitingCalls.delete(next.call);
          if (next.call.isSettled) continue;
          if (full === undefined) this.admit(next);
          else this.wait(next, full);
        }
  }

  private wait(call: CallRecords, share: Share): void {
    share.lineOf(call.call).waiting.push(call.records[0]?.source ?? '', call);
    this.waitingCalls.add(call.call);
  }

  /**
   * Chooses the leaders of the records of a call.
   * @param isNew true if the call must not overtake those that wait.
   * @returns a share in which the call has no room; undefined if it has room in all.
   */
  private shareWithoutRoom({ call, records, bytes }: CallRecords, isNew: boolean): Share | undefined {
    const added = new Map<number, Amount>();
    for (const record of records) {
      record.leader = this.ports.leaderOf(record);
      const amount = added.get(record.leader) ?? { records: 0, bytes: 0 };
      amount.records += 1;
      amount.bytes += record.bytes;
      added.set(record.leader, amount);
    }
    const isWithinRoom = this.records === 0 || fits(this, { records: records.length, bytes }, this.limits, 1);
    for (const [leader, amount] of added) {
      const share = this.shareOf(leader);
      const line = share.lineOf(call);
      const part = this.partOf(leader);
      const hasRoom =
        share.records === 0 ||
        (fits(share, amount, this.limits, part) && (!call.givesWay || fits(line, amount, this.limits, part / 2)));
      if (!isWithinRoom || !hasRoom || (isNew && line.waiting.size > 0)) return share;
    }
    return undefined;
  }

  /** 2. */
  private partOf(leader: number): number {
    const leaders = this.ports.leaders();
    if (leaders === 0) return 1;
    return 1 / (leader < 0 ? leaders + 1 : leaders);
  }

  private admit({ records }: CallRecords): void {
    for (const record of records) this.count(record, 1);
    this.ports.admitted(records);
  }

  private count({ leader, bytes, call }: QueuedRecord, change: 1 | -1): void {
    const line = this.shareOf(leader).lineOf(call);
    for (const amount of [this, line]) {
      amount.records += change;
      amount.bytes += change * bytes;
    }
  }

  private shareOf(leader: number): Share {
    const share = this.shares.get(leader) ?? new Share();
    this.shares.set(leader, share);
    return share;
  }
}

function fits(used: Amount, added: Amount, { queueBytesMax, queueRecordsMax }: RoomLimits, part: number): boolean {
  return used.bytes + added.bytes <= queueBytesMax * part && used.records + added.records <= queueRecordsMax * part;
}
