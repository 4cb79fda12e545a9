import type { IncomingMessage } from 'node:http';
import { type AllowedNetworks, type Clock, UserUrlClient } from '#platform';

/** An answer's body is not used. The connection is closed if it is longer. */
const answerBytesMax = 4_096;
/** The connection is closed as well if the body has not ended so long after its head. */
const answerMsMax = 5_000;

/** The answer of a webhook. */
export interface WebhookAnswer {
  readonly status: number;
  /** The `Retry-After` header, not parsed. */
  readonly retryAfter?: string;
}

/** Sends POST requests to webhooks. Reads at most 4 KB of an answer, for 5 s. */
export class WebhookClient {
  private readonly client: UserUrlClient;

  constructor(
    networks: AllowedNetworks,
    connectionsMax: number,
    private readonly clock: Pick<Clock, 'setTimer'>,
  ) {
    this.client = new UserUrlClient({ networks, allowedBy: 'WEBHOOK_NETWORKS_ALLOWED', connectionsMax });
  }

  /**
   * @param signal aborts the request.
   * @throws AddressRefused when the address may not be reached; any other error when there was no
   *   answer.
   */
  async post(url: URL, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<WebhookAnswer> {
    return answerOf(await this.client.post({ url, headers, body, signal, isRepeatable: true }), this.clock);
  }

  close(): void {
    this.client.close();
  }
}

function answerOf(response: IncomingMessage, clock: Pick<Clock, 'setTimer'>): WebhookAnswer {
  let bytes = 0;
  const timer = clock.setTimer(answerMsMax, () => response.destroy());
  response.once('close', () => timer.cancel());
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
