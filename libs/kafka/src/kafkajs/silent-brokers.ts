/**
 * Closes the connections to brokers that vanished without closing them: a frozen process, a machine
 * without power, a cut network. Such a broker looks connected. Without this watch each request to
 * it waits for its own timeout, and so does every retry, although other brokers lead everything.
 *
 * S1. A connection that wrote and then heard nothing for `silenceMs` is suspicious. The watch then
 *     asks its broker for its versions, on a new connection. A slow answer, such as the one to a
 *     member that joins a group, is no silence if the broker answers this question.
 * S2. If the broker does not answer within `answerMs`, all connections of this process to it are
 *     closed, and new ones are refused. So it looks like a broker that was killed.
 * S3. The broker is asked again every `againMs`. Once it answers, connections are made again.
 * S4. A broker that was too slow for a question is asked last, until it sends something, or for
 *     `slowMs`. This is about questions that any broker can answer.
 * S5. A broker that answers again after a silence is asked last for `stillStaleMs`. It does not
 *     know yet what became of its partitions meanwhile.
 */
import { Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';
import type { TransportLog } from '../log.ts';
import { isAnswering } from './listener-probe.ts';

/** Times of the watch, in milliseconds. */
export interface SilenceLimits {
  /** Silence after which a broker is asked whether it is there. */
  readonly silenceMs: number;
  /** Longest wait for its answer. */
  readonly answerMs: number;
  /** Time between two questions to a silent broker. */
  readonly againMs: number;
}

/**
 * A frozen broker is found after 3.5 s. Brokers drop it from the cluster after 9 s, so its
 * partitions are read again in less than a session timeout and 5 s.
 */
export const silenceLimitsDefault: SilenceLimits = { silenceMs: 1_500, answerMs: 2_000, againMs: 1_000 };

/** See S4 and S5, in milliseconds. */
const slowMs = 10_000;
const stillStaleMs = 5_000;

/** One broker, with the connections to it. */
interface Watched {
  readonly address: { readonly host: string; readonly port: number };
  /** Connections, with the time at which they began to wait; undefined while they do not wait. */
  readonly sockets: Map<Socket, number | undefined>;
  /** The broker did not answer: connections are refused. */
  isSilent: boolean;
  isBeingAsked: boolean;
  /** S4; 0 if it is not slow. */
  slowUntil: number;
  /** S5. */
  staleUntil: number;
}

const watches = new WeakMap<ISocketFactory, SilentBrokers>();

/** The watch that makes its connections with this factory; undefined if none does. */
export function watchOf(sockets: ISocketFactory): SilentBrokers | undefined {
  return watches.get(sockets);
}

/** Watches the connections to all brokers of one gateway. */
export class SilentBrokers {
  private readonly brokers = new Map<string, Watched>();
  private timer: NodeJS.Timeout | undefined;

  /** @param sockets makes the connections, and those on which a broker is asked. */
  constructor(
    private readonly sockets: ISocketFactory,
    private readonly log: TransportLog,
    private readonly limits: SilenceLimits = silenceLimitsDefault,
  ) {
    watches.set(this.socketFactory, this);
  }

  /** Makes connections that are watched. Those to a silent broker fail at once. */
  readonly socketFactory: ISocketFactory = (options) => {
    const watched = this.brokerAt(options.host, options.port);
    if (watched.isSilent) return refused(options.host, options.port);
    const socket = this.sockets({ ...options, onConnect: () => this.connected(watched, socket, options.onConnect) }) as Socket;
    this.watch(watched, socket);
    return socket;
  };

  /** Notes that a broker was too slow for a question; see S4. */
  askLast(host: string, port: number): void {
    const watched = this.brokerAt(host, port);
    watched.slowUntil = performance.now() + slowMs;
    this.lookFromTimeToTime();
  }

  /** True if other brokers should be asked before this one. */
  isAskedLast(host: string, port: number): boolean {
    const watched = this.brokers.get(`${host}:${port}`);
    return watched !== undefined && (watched.isSilent || isDistrusted(watched));
  }

  private brokerAt(host: string, port: number): Watched {
    const name = `${host}:${port}`;
    const known = this.brokers.get(name);
    if (known !== undefined) return known;
    const watched: Watched = {
      address: { host, port },
      sockets: new Map(),
      isSilent: false,
      isBeingAsked: false,
      slowUntil: 0,
      staleUntil: 0,
    };
    this.brokers.set(name, watched);
    return watched;
  }

  private connected(watched: Watched, socket: Socket, onConnect: () => void): void {
    if (watched.sockets.has(socket)) watched.sockets.set(socket, undefined);
    onConnect();
  }

  private watch(watched: Watched, socket: Socket): void {
    const { sockets } = watched;
    sockets.set(socket, performance.now());
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (...args: unknown[]) => {
      if (sockets.has(socket) && sockets.get(socket) === undefined) sockets.set(socket, performance.now());
      return write(...args);
    };
    socket.on('data', () => {
      watched.slowUntil = 0;
      if (sockets.has(socket)) sockets.set(socket, undefined);
    });
    socket.on('close', () => {
      sockets.delete(socket);
      this.forgetUnused();
    });
    this.lookFromTimeToTime();
  }

  private lookFromTimeToTime(): void {
    this.timer ??= setInterval(() => this.look(), this.limits.silenceMs / 4).unref();
  }

  /** Forgets brokers without connections, unless something is held against them. */
  private forgetUnused(): void {
    for (const [name, watched] of this.brokers)
      if (watched.sockets.size === 0 && !watched.isSilent && !watched.isBeingAsked && !isDistrusted(watched))
        this.brokers.delete(name);
    if (this.brokers.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    const suspiciousBefore = performance.now() - this.limits.silenceMs;
    for (const watched of this.brokers.values()) {
      const isSuspicious = [...watched.sockets.values()].some((since) => since !== undefined && since <= suspiciousBefore);
      if (isSuspicious && !watched.isBeingAsked) void this.ask(watched);
    }
    this.forgetUnused();
  }

  /** S1, S2. */
  private async ask(watched: Watched): Promise<void> {
    const { address } = watched;
    watched.isBeingAsked = true;
    const answers = await isAnswering(address, this.sockets, this.limits.answerMs);
    watched.isBeingAsked = false;
    if (answers) {
      // The next question comes a silence later.
      for (const [socket, since] of watched.sockets) if (since !== undefined) watched.sockets.set(socket, performance.now());
      return this.forgetUnused();
    }
    watched.isSilent = true;
    const connections = watched.sockets.size;
    this.log('warn', 'A broker does not answer any more; its connections were closed', { ...address, connections });
    for (const socket of watched.sockets.keys()) socket.destroy(gone('The broker does not answer'));
    this.askAgain(watched);
  }

  /** S3. */
  private askAgain(watched: Watched): void {
    setTimeout(() => {
      void isAnswering(watched.address, this.sockets, this.limits.answerMs).then((answers) => {
        if (!answers) return this.askAgain(watched);
        watched.isSilent = false;
        watched.staleUntil = performance.now() + stillStaleMs;
        this.lookFromTimeToTime();
        this.log('info', 'A broker answers again', watched.address);
        return this.forgetUnused();
      });
    }, this.limits.againMs).unref();
  }
}

/** S4, S5. */
function isDistrusted({ slowUntil, staleUntil }: Watched): boolean {
  return Math.max(slowUntil, staleUntil) > performance.now();
}

/** kafkajs looks elsewhere after an error with this code. */
function gone(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNREFUSED' });
}

/** A connection that fails as soon as its owner listens. */
function refused(host: string, port: number): Socket {
  const socket = new Socket();
  socket.setMaxListeners(0);
  setImmediate(() => socket.destroy(gone(`The broker ${host}:${port} does not answer`)));
  return socket;
}
