/**
 * Sends POST requests to addresses that users chose, and protects the platform's network (SSRF).
 *
 * 1. Each address is checked in the DNS lookup of the very connection that uses it. A name
 *    therefore cannot resolve to a public address for the check and to another one for the
 *    connection. A literal address is checked before the request.
 * 2. Redirects are not followed, and upgrades to another protocol are not taken.
 * 3. A server may have closed a kept connection, above all while this process stood still. A
 *    request that may be sent twice is then sent again at once, over a new connection.
 */
import { lookup as systemLookup, type LookupAddress, type LookupAllOptions, type LookupOptions } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AllowedNetworks } from './networks.ts';

/** Idle connections kept to one host and port. More calls at once connect anew each time. */
const idleConnectionsMax = 256;

/** The address may not be reached: {@link AllowedNetworks}. */
export class AddressRefused extends Error {}

/** The form of `dns.lookup` in which it returns all addresses. */
export type SystemLookup = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Settings of a {@link UserUrlClient}. */
export interface UserUrlClientSettings {
  readonly networks: AllowedNetworks;
  /** The setting that can allow a network, for error messages. */
  readonly allowedBy: string;
  /** Connections to one host and port at once. */
  readonly connectionsMax: number;
  /** Default: the lookup of the system. */
  readonly lookup?: SystemLookup;
}

/** A POST request. */
export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** Aborts the request, and the reading of its answer. */
  readonly signal: AbortSignal;
  /** Called once the receiver has, or may have, received the request. */
  readonly onUnderWay?: () => void;
  /** True if the receiver may get the request twice. */
  readonly isRepeatable?: boolean;
}

/** The server had closed the kept connection that a request was sent over. */
class ConnectionStale extends Error {}

const staleCodes: readonly (string | undefined)[] = ['ECONNRESET', 'EPIPE'];

/** Sends POST requests to URLs of users over kept connections. */
export class UserUrlClient {
  private readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };

  constructor(private readonly settings: UserUrlClientSettings) {
    const { connectionsMax: maxSockets } = settings;
    const options = { keepAlive: true, maxSockets, maxFreeSockets: idleConnectionsMax, timeout: 0 };
    this.agents = { http: new HttpAgent(options), https: new HttpsAgent(options) };
  }

  /**
   * Sends a request and resolves at the head of its answer. The caller reads or destroys the body.
   * @throws AddressRefused when the address may not be reached; any other error when there was no
   *   answer.
   */
  async post(post: Post): Promise<IncomingMessage> {
    const refused = this.settings.networks.refusedAddressOf(post.url);
    if (refused !== undefined) throw this.refused(refused, [refused]);
    try {
      return await this.send(post, true);
    } catch (error) {
      if (!(error instanceof ConnectionStale)) throw error;
      // 3.
      if (post.isRepeatable === true && !post.signal.aborted) return this.send(post, false);
      throw error.cause;
    }
  }

  private async send({ url, headers, body, signal, onUnderWay }: Post, mayReuse: boolean): Promise<IncomingMessage> {
    const isHttps = url.protocol === 'https:';
    const options: RequestOptions = {
      method: 'POST',
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      signal,
      agent: mayReuse && (isHttps ? this.agents.https : this.agents.http),
      lookup: this.lookup,
    };
    return new Promise((resolve, reject) => {
      const request = isHttps ? httpsRequest(url, options) : httpRequest(url, options);
      request.once('socket', (socket) => {
        // The server may have closed a kept-alive connection. Only an answer proves that it has
        // received the request.
        if (request.reusedSocket || onUnderWay === undefined) return;
        if (socket.connecting) socket.once(isHttps ? 'secureConnect' : 'connect', onUnderWay);
        else onUnderWay();
      });
      request.once('response', (response) => {
        onUnderWay?.();
        resolve(response);
      });
      request.once('error', (error: NodeJS.ErrnoException) => {
        const isStale = request.reusedSocket && staleCodes.includes(error.code);
        reject(isStale ? new ConnectionStale(error.message, { cause: error }) : error);
      });
      // After a 101 Node emits neither `response` nor `error`: the request would never end.
      request.once('close', () => reject(new Error('the connection was closed without an answer')));
      request.end(body);
    });
  }

  close(): void {
    this.agents.http.destroy();
    this.agents.https.destroy();
  }

  private refused(host: string, addresses: readonly string[]): AddressRefused {
    return new AddressRefused(this.settings.networks.refusalOf(host, addresses, this.settings.allowedBy));
  }

  /** The system's DNS lookup, without the addresses that may not be reached. */
  private readonly lookup = (
    hostname: string,
    options: LookupOptions,
    callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    const { lookup = systemLookup } = this.settings;
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '');
      const reachable = addresses.filter(({ address }) => this.settings.networks.mayReach(address));
      const [first] = reachable;
      if (first === undefined) {
        const refused = addresses.map(({ address }) => address);
        return callback(this.refused(hostname, refused), '');
      }
      if (options.all === true) callback(null, reachable);
      else callback(null, first.address, first.family);
    });
  };
}
