import type { IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import { type FunctionDocument, limits } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import {
  AddressRefused,
  type AllowedNetworks,
  BoundedSignal,
  callSecretOf,
  type CancelSignal,
  type Clock,
  retryAfterMs,
  type Sealer,
  UserUrlClient,
  webhookKey,
  webhookSignature,
} from '#platform';
import type { CallBounds, FunctionCall, Runtime } from '../runtime.ts';

/** Statuses that a proxy or a load balancer in front of the function sends. */
const unavailableStatuses = new Set([429, 502, 503, 504]);
const errorBytesMax = 65_536;
/** Keys of functions that are kept. */
const keysMax = 1_000;

/** True once the function has, or may have, received the call. */
interface Sending {
  isUnderWay: boolean;
}

/**
 * Runs functions that are HTTP endpoints: a POST of the payload to `code_url`.
 *
 * Request headers: `X-Cff-Request-Id`, `X-Sendoff-Attempt`, `X-Sendoff-Deadline` (epoch
 * milliseconds), `traceparent`, and a signature of Standard Webhooks. Its key is the call secret of
 * the function, and its message id the request id.
 *
 * 1. 2xx: succeeded; the body is the return value.
 * 2. 429, 502, 503 or 504: unavailable, which is not a failure of the function.
 * 3. No connection, or a kept-alive connection that the server had closed: unavailable.
 * 4. Another 3xx or 4xx: failed; the function reported an error.
 * 5. Another 5xx: failed; a fault of the function.
 * 6. An address that may not be reached: failed for good.
 * 7. The connection breaks after the function had the call: failed, because it may have run. If the
 *    executor stood still meanwhile: unavailable, because the function may have waited in vain.
 *
 * `Retry-After` lengthens the wait before a retry. `X-Sendoff-Retryable: false` forbids a retry.
 * Redirects are not followed.
 */
export class HttpRuntime implements Runtime {
  private readonly client: UserUrlClient;
  /** To derive a secret takes a seventh of the CPU time of a call. */
  private readonly keys = new LRUCache<string, Buffer>({ max: keysMax });

  constructor(
    private readonly clock: Clock,
    private readonly sealer: Sealer,
    networks: AllowedNetworks,
    connectionsMax: number,
  ) {
    this.client = new UserUrlClient({ networks, allowedBy: 'FUNCTION_NETWORKS_ALLOWED', connectionsMax });
  }

  callsMax({ instancesMax, concurrencyPerInstance }: CallBounds): number {
    return instancesMax === -1 ? Number.POSITIVE_INFINITY : instancesMax * concurrencyPerInstance;
  }

  async run(call: FunctionCall, signal: CancelSignal): Promise<AttemptOutcome> {
    const { code } = call.function;
    if (code.kind !== 'url') return failure('UnhandledInvocationError', 'the function has no code_url', Buffer.alloc(0), false);
    if ((await call.mayStart?.()) === false) return { kind: 'cancelled' };
    using bounded = new BoundedSignal(signal, call.timeoutMs, this.clock);
    const sending: Sending = { isUnderWay: false };
    const stoodBeforeMs = this.clock.stoodStillMs();
    try {
      const response = await this.send(call, new URL(code.url), bounded.signal, sending);
      return await this.read(response, call.responseBytesMax ?? limits.responseBytesMax);
    } catch (error) {
      if (signal.aborted) return { kind: 'cancelled' };
      if (bounded.isTimedOut)
        return failure('InvocationTimeout', `the function ran past its timeout of ${call.function.timeoutMs / 1_000} s`);
      if (error instanceof AddressRefused)
        return failure('UnhandledInvocationError', `code_url: ${error.message}`, Buffer.alloc(0), false);
      const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      if (this.clock.stoodStillMs() > stoodBeforeMs)
        return { kind: 'unavailable', reason: `the executor stood still, and the connection to the function broke: ${reason}` };
      return sending.isUnderWay
        ? failure('UnhandledInvocationError', `the connection to the function broke: ${reason}`)
        : { kind: 'unavailable', reason: `no answer from the function: ${reason}` };
    }
  }

  async close(): Promise<void> {
    this.client.close();
  }

  private async send(call: FunctionCall, url: URL, signal: AbortSignal, sending: Sending): Promise<IncomingMessage> {
    const { payload: body, requestId: id } = call;
    const now = this.clock.now();
    const headers = {
      'content-type': 'application/json',
      'x-cff-request-id': id,
      'x-sendoff-attempt': String(call.attempt),
      'x-sendoff-deadline': String(now + call.timeoutMs),
      ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
      ...webhookSignature({ id, atSeconds: Math.floor(now / 1_000), body }, this.keyOf(call.function)),
    };
    const onUnderWay = () => void (sending.isUnderWay = true);
    return this.client.post({ url, headers, body, signal, onUnderWay });
  }

  private keyOf(fn: FunctionDocument): Buffer {
    const name = `${fn.project} ${fn.id}`;
    const known = this.keys.get(name);
    if (known !== undefined) return known;
    const key = webhookKey(callSecretOf(this.sealer, fn));
    this.keys.set(name, key);
    return key;
  }

  private async read(response: IncomingMessage, responseBytesMax: number): Promise<AttemptOutcome> {
    const status = response.statusCode ?? 0;
    const isSuccess = status >= 200 && status < 300;
    const body = await bodyOf(response, isSuccess ? responseBytesMax : errorBytesMax);
    if (isSuccess && body === undefined) return { kind: 'succeeded', responsePayload: Buffer.alloc(0), isLeftOut: true };
    if (isSuccess) return { kind: 'succeeded', responsePayload: body ?? Buffer.alloc(0) };
    const askedMs = retryAfterMs(response.headers['retry-after'], this.clock.now());
    const asked = askedMs === undefined ? {} : { retryAfterMs: askedMs };
    if (unavailableStatuses.has(status))
      return { kind: 'unavailable', reason: `the function's endpoint answered ${status}`, ...asked };
    const condition = status >= 500 ? 'UnhandledInvocationError' : 'HandledInvocationError';
    const isRetryable = response.headers['x-sendoff-retryable'] !== 'false';
    return { ...failure(condition, `the function answered ${status}`, body, isRetryable), ...asked };
  }
}

function failure(
  condition: Extract<AttemptOutcome, { kind: 'failed' }>['condition'],
  errorMessage: string,
  responsePayload: Buffer = Buffer.alloc(0),
  isRetryable = true,
): Extract<AttemptOutcome, { kind: 'failed' }> {
  return { kind: 'failed', condition, errorMessage, responsePayload, isRetryable };
}

/**
 * Reads the body. Returns undefined if it is larger than `bytesMax`. By events: an iterator takes
 * promises for each chunk.
 */
async function bodyOf(response: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) return void chunks.push(chunk);
      response.destroy();
      resolve(undefined);
    });
    response.once('end', () => resolve(Buffer.concat(chunks)));
    response.once('error', reject);
    // An answer that breaks off without an error, or after it.
    response.once('close', () => reject(new Error('the connection was closed within the answer')));
  });
}
