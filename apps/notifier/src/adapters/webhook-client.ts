/**
 * Sends POST requests to addresses that users chose, and protects the platform's network (SSRF).
 *
 * 1. Each address is checked in the DNS lookup of the very connection that uses it. A name
 *    therefore cannot resolve to a public address for the check and to another one for the
 *    connection. A literal address is checked before the request.
 * 2. Redirects are not followed, upgrades to another protocol are not taken, and at most 4 KB of an
 *    answer are read.
 */
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { AllowedNetworks } from '#platform';

/** An answer's body is not used. The connection is closed if it is longer. */
const answerBytesMax = 4_096;
const idleConnectionsMax = 64;

/** The address is not public, and its network is not allowed. */
export class AddressRefused extends Error {}

/** The answer of a webhook. */
export interface WebhookAnswer {
  readonly status: number;
  /** The `Retry-After` header, not parsed. */
  readonly retryAfter?: string;
}

/** Sends POST requests to webhooks over kept connections. */
export class WebhookClient {
  private readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };

  constructor(
    private readonly networks: AllowedNetworks,
    connectionsMax: number,
  ) {
    const settings = { keepAlive: true, maxSockets: connectionsMax, maxFreeSockets: idleConnectionsMax };
    this.agents = { http: new HttpAgent(settings), https: new HttpsAgent(settings) };
  }

  /**
   * @param signal aborts the request, and the reading of its answer.
   * @throws AddressRefused when the address is not public and its network is not allowed; any other
   *   error when there was no answer.
   */
  async post(url: URL, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<WebhookAnswer> {
    const host = url.hostname.replaceAll(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !this.networks.mayReach(host))
      throw new AddressRefused(`${host} is not public; WEBHOOK_NETWORKS_ALLOWED can allow its network`);
    const isHttps = url.protocol === 'https:';
    const options: RequestOptions = {
      method: 'POST',
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      signal,
      agent: isHttps ? this.agents.https : this.agents.http,
      lookup: this.lookup,
    };
    return new Promise((resolve, reject) => {
      const request = isHttps ? httpsRequest(url, options) : httpRequest(url, options);
      request.once('response', (response) => resolve(answerOf(response)));
      request.once('error', reject);
      // After a 101 Node emits neither `response` nor `error`: the try would never end and would
      // hold its place in the queue of the target.
      request.once('close', () => reject(new Error('the connection was closed without an answer')));
      request.end(body);
    });
  }

  close(): void {
    this.agents.http.destroy();
    this.agents.https.destroy();
  }

  /** The system's DNS lookup, without the addresses that may not be reached. */
  private readonly lookup = (
    hostname: string,
    options: LookupOptions,
    callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '');
      const reachable = addresses.filter(({ address }) => this.networks.mayReach(address));
      const [first] = reachable;
      if (first === undefined)
        return callback(
          new AddressRefused(`${hostname} has no public address; WEBHOOK_NETWORKS_ALLOWED can allow its network`),
          '',
        );
      if (options.all === true) callback(null, reachable);
      else callback(null, first.address, first.family);
    });
  };
}

function answerOf(response: IncomingMessage): WebhookAnswer {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > answerBytesMax) response.destroy();
  });
  response.on('error', () => undefined);
  const retryAfter = response.headers['retry-after'];
  return {
    status: response.statusCode ?? 0,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}
