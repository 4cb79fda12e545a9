/**
 * Request bodies that are on their way, and which of them gives way when there are too many.
 *
 * V1. A body counts with the bytes that came, not with those that its head announces. So a caller
 *     who announces much and sends nothing takes nothing.
 * V2. The slowest body gives way. A body that has just begun counts as one second old, so that it
 *     is not the slowest before its first bytes could come.
 * V3. One sender's bodies, and the bodies that name one access key, may take half of all. The
 *     slowest among them gives way.
 */
import { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Clock, onClose, ShortLivedMap } from '#platform';

/** A body on its way, as others compare it. */
export interface ArrivingBody {
  /** No other body of this process has it. */
  readonly number: number;
  /** Bytes that came, in memory now. */
  bytes(): number;
  /** Bytes per second since it began. */
  rate(): number;
  /** Whether all of it came. Such a body does not give way: it is worked on. */
  isComplete(): boolean;
  /** The address that sends it, and the access key that it names. */
  readonly senders: readonly string[];
  /** Answers and closes the connection. */
  giveWay(): void;
  /**
   * Lets the request go: nobody counts its body any more. Maps that grow keep their former entries
   * for a while, and would keep all requests with them.
   */
  end(): void;
}

let lastNumber = 0;
const youngMs = 1_000;
/** Only a small part of the budget can arrive in this time. */
const lookEveryMs = 20;

/** Bytes of a socket that belong to requests before the one that is read now. */
const readBefore = new WeakMap<Socket, number>();

/**
 * Remembers where a request ends on its connection, so that the next one is not counted with it.
 * Call it for every request.
 */
export function markEnd({ raw }: FastifyRequest, reply: FastifyReply): void {
  const { socket } = raw;
  if (socket instanceof Socket) onClose(reply.raw, () => readBefore.set(socket, socket.bytesRead));
}

/** A body that arrives over the socket of its request. */
export class SocketBody implements ArrivingBody {
  readonly number = (lastNumber += 1);
  readonly senders: readonly string[];
  private readonly startedAt: number;
  /** Bytes of the socket before the request. The first of the body may come with the head. */
  private readonly before: number;
  private raw: FastifyRequest['raw'] | undefined;
  private bytesAtEnd = 0;

  /**
   * @param bytesMax that will be read of it.
   * @param crowdOut answers and closes the connection.
   */
  constructor(
    { raw, claim }: FastifyRequest,
    private readonly clock: Clock,
    private readonly bytesMax: number,
    private crowdOut: (() => void) | undefined,
  ) {
    const { socket } = raw;
    this.raw = raw;
    this.before = readBefore.get(socket) ?? 0;
    this.startedAt = clock.elapsedMs();
    this.senders = [`address ${socket.remoteAddress}`, ...(claim === undefined ? [] : [`key ${claim}`])];
  }

  bytes(): number {
    const { raw } = this;
    if (raw === undefined) return this.bytesAtEnd;
    // An injected request has no socket, and its body is complete.
    return raw.socket instanceof Socket ? Math.min(this.bytesMax, raw.socket.bytesRead - this.before) : this.bytesMax;
  }

  rate(): number {
    return (1_000 * this.bytes()) / Math.max(youngMs, this.clock.elapsedMs() - this.startedAt);
  }

  isComplete(): boolean {
    return !(this.raw?.socket instanceof Socket) || this.raw.complete;
  }

  giveWay(): void {
    this.crowdOut?.();
  }

  end(): void {
    this.bytesAtEnd = this.bytes();
    this.raw = undefined;
    this.crowdOut = undefined;
  }
}

/** Returns the body that gives way: the slowest, and the oldest of equal ones (V2). */
export function slowestOf(bodies: Iterable<ArrivingBody>): ArrivingBody | undefined {
  let slowest: ArrivingBody | undefined;
  let rate = Number.POSITIVE_INFINITY;
  for (const body of bodies) {
    if (body.isComplete() || body.rate() >= rate) continue;
    slowest = body;
    rate = body.rate();
  }
  return slowest;
}

/**
 * Bodies whose sender is not proved yet. Their bytes are bounded; they never wait for each other.
 */
export class UnprovedBodies {
  private readonly bodies = new ShortLivedMap<number, ArrivingBody>();
  private isWatching = false;

  constructor(
    private readonly clock: Clock,
    private readonly limits: { readonly bytesMax: number; readonly bodiesMax: number },
  ) {}

  /** Bytes of all bodies in memory. */
  get bytes(): number {
    let sum = 0;
    for (const body of this.bodies.values()) sum += body.bytes();
    return sum;
  }

  /** Counts a body in. Others give way, if there are too many. */
  add(body: ArrivingBody): void {
    this.bodies.set(body.number, body);
    if (this.bodies.size > this.limits.bodiesMax) this.drop(slowestOf(this.bodies.values()));
    this.watch();
  }

  /** Counts a body out: it is gone, or its sender is proved. */
  delete(body: ArrivingBody): void {
    this.bodies.delete(body.number);
    body.end();
  }

  /** Looks again and again while bodies arrive: nobody says when their bytes come. */
  private watch(): void {
    if (this.isWatching) return;
    this.isWatching = true;
    this.clock.setTimer(lookEveryMs, () => {
      this.isWatching = false;
      this.look();
      if (this.bodies.size > 0) this.watch();
    });
  }

  private look(): void {
    const bySender = new Map<string, ArrivingBody[]>();
    for (const body of this.bodies.values()) {
      for (const sender of body.senders) {
        const ofSender = bySender.get(sender);
        if (ofSender === undefined) bySender.set(sender, [body]);
        else ofSender.push(body);
      }
    }
    for (const ofSender of bySender.values()) this.dropPast(this.limits.bytesMax / 2, ofSender);
    this.dropPast(this.limits.bytesMax, [...this.bodies.values()]);
  }

  /**
   * Drops the slowest of some bodies while they take more bytes; an only one may take any number.
   */
  private dropPast(bytesMax: number, some: readonly ArrivingBody[]): void {
    const bodies = some.filter(({ number }) => this.bodies.has(number));
    let bytes = bodies.reduce((sum, body) => sum + body.bytes(), 0);
    if (bytes <= bytesMax) return;
    const slowestFirst = bodies.filter((body) => !body.isComplete()).toSorted((a, b) => a.rate() - b.rate());
    let left = bodies.length;
    for (const body of slowestFirst) {
      if (bytes <= bytesMax || left === 1) return;
      bytes -= body.bytes();
      left -= 1;
      this.drop(body);
    }
  }

  private drop(body: ArrivingBody | undefined): void {
    if (body === undefined) return;
    this.bodies.delete(body.number);
    body.giveWay();
  }
}
