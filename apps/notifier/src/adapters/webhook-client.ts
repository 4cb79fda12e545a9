/**
 * Posts to addresses that strangers chose.
 *
 * 1. The address is looked at when the name is looked up for this very connection, so that no name
 *    can point somewhere else a moment later; a literal address is looked at before.
 * 2. Redirects are not followed, an upgrade is not taken, and no more than a few kilobytes are read
 *    of an answer.
 */
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { AllowedNetworks } from '#platform';

/** What is read of an answer; nobody looks at it. */
const answerBytesMax = 4_096;
const idleConnectionsMax = 64;

/** The address may not be reached, now or later. */
export class AddressRefused extends Error {}

/** What a webhook answered. */
export interface WebhookAnswer {
  readonly status: number;
  /** The header of that name, as it came. */
  readonly retryAfter?: string;
}

/** Posts to webhooks. */
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
   * @param signal ends the request, and the reading of its answer.
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

  /** The system's lookup, less the addresses that may not be reached. */
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
