import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import {
  callHeader,
  callPath,
  callReportBytesHeader,
  type CallRequest,
  decodeCallAnswer,
  encodeCallRequest,
  limits,
} from '#contracts';
import { internalTokenHeader, type InternalTokens } from '#platform';
import type { CallOutcome, FunctionCalls } from '../function-calls.ts';

/**
 * The largest answer: payload and report. A report has a bounded log, and JSON may escape each of
 * its characters as six.
 */
const answerBytesMax = limits.syncBytesMax + 65_536;

/** How the request to one executor ended, before its answer is read. */
type Response = IncomingMessage | 'unreachable' | 'lost';

/**
 * Calls functions through executors over HTTP, which take turns.
 *
 * The next executor is asked only if the one before was unreachable or answered 503: then it has
 * not run the function. After any other failure the function may have run. For the same reason each
 * call opens a connection. An executor may close a kept one just when the call is written to it,
 * and that looks like a lost answer.
 */
export class HttpFunctionCalls implements FunctionCalls {
  private turn = 0;

  /** @param urls of the executors; without any, no function can be called. */
  constructor(
    private readonly urls: readonly string[],
    private readonly tokens: Pick<InternalTokens, 'tokenFor'>,
  ) {}

  async call(request: CallRequest, payload: Buffer, signal: AbortSignal): Promise<CallOutcome> {
    const first = this.turn++;
    for (let index = 0; index < this.urls.length; index++) {
      const url = this.urls[(first + index) % this.urls.length] ?? '';
      const response = await this.ask(url, request, payload, signal);
      if (response === 'unreachable') continue;
      if (response === 'lost') return { kind: 'lost' };
      if (response.statusCode !== 503) return outcomeOf(response);
      response.resume();
    }
    return { kind: 'no-executor' };
  }

  private async ask(url: string, request: CallRequest, payload: Buffer, signal: AbortSignal): Promise<Response> {
    const target = new URL(callPath, url);
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': payload.length,
      [internalTokenHeader]: this.tokens.tokenFor('executor'),
      [callHeader]: encodeCallRequest(request),
    };
    const options = { method: 'POST', headers, signal, agent: false };
    return new Promise((resolve, reject) => {
      const sent = target.protocol === 'https:' ? httpsRequest(target, options, resolve) : httpRequest(target, options, resolve);
      let isConnected = false;
      sent.once('socket', (socket) => socket.once('connect', () => (isConnected = true)));
      sent.once('error', (error) => {
        if (signal.aborted) reject(error);
        else resolve(isConnected ? 'lost' : 'unreachable');
      });
      sent.end(payload);
    });
  }
}

async function outcomeOf(response: IncomingMessage): Promise<CallOutcome> {
  const { statusCode = 0 } = response;
  if (statusCode !== 200) {
    response.resume();
    if (statusCode === 429) return { kind: 'saturated' };
    throw new Error(`an executor answered ${statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > answerBytesMax) throw new Error('the answer is larger than any');
      chunks.push(chunk);
    }
  } catch {
    return { kind: 'lost' };
  }
  const reportBytes = Number(response.headers[callReportBytesHeader]);
  return { kind: 'answered', answer: decodeCallAnswer(Buffer.concat(chunks), reportBytes) };
}
