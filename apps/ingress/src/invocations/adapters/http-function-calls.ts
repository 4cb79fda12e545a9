import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import {
  type CallAnswer,
  callHeader,
  callPath,
  callReportBytesHeader,
  type CallRequest,
  decodeCallAnswer,
  encodeCallRequest,
  limits,
} from '#contracts';
import { ApiError } from '../../http/api-error.ts';
import type { FunctionCalls } from '../function-calls.ts';

/** A report is some kilobytes; its log is bounded, and JSON may write a character in six. */
const answerBytesMax = limits.syncBytesMax + 65_536;
const retryAfterSeconds = 1;

/**
 * Asks executors over HTTP, each in turn.
 *
 * Another one is asked only where nobody can be reached, or where the answer is 503: that one has not run it. In any other case nobody
 * knows whether the function ran. So each call has a connection of its own, too: one that was kept may be closed by the other side just as a call is written to it, and that looks like a lost answer.
 */
export class HttpFunctionCalls implements FunctionCalls {
  private turn = 0;

  /** @param urls of the executors; with none of them nothing can be called. */
  constructor(
    private readonly urls: readonly string[],
    private readonly internalToken: string,
  ) {}

  async call(request: CallRequest, payload: Buffer, signal: AbortSignal): Promise<CallAnswer> {
    const first = this.turn++;
    for (let index = 0; index < this.urls.length; index++) {
      const url = this.urls[(first + index) % this.urls.length] ?? '';
      const response = await this.ask(url, request, payload, signal);
      if (response?.statusCode === 503) response.resume();
      else if (response !== undefined) return answerOf(response);
    }
    throw new ApiError('FSS.0503', 'no executor takes the call just now; try again', retryAfterSeconds);
  }

  /** @returns undefined when there is nobody to be reached: the call has not left. */
  private async ask(
    url: string,
    request: CallRequest,
    payload: Buffer,
    signal: AbortSignal,
  ): Promise<IncomingMessage | undefined> {
    const target = new URL(callPath, url);
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': payload.length,
      'x-sendoff-internal': this.internalToken,
      [callHeader]: encodeCallRequest(request),
    };
    const options = { method: 'POST', headers, signal, agent: false };
    return new Promise((resolve, reject) => {
      const sent = target.protocol === 'https:' ? httpsRequest(target, options, resolve) : httpRequest(target, options, resolve);
      let hasLeft = false;
      sent.once('socket', (socket) => socket.once('connect', () => (hasLeft = true)));
      sent.once('error', (error) => {
        if (signal.aborted) reject(error);
        else if (hasLeft) reject(answerLost());
        else resolve(undefined);
      });
      sent.end(payload);
    });
  }
}

async function answerOf(response: IncomingMessage): Promise<CallAnswer> {
  const { statusCode = 0 } = response;
  if (statusCode !== 200) {
    response.resume();
    if (statusCode === 429) throw new ApiError('FSS.0429', 'too many synchronous calls are under way', retryAfterSeconds);
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
    throw answerLost();
  }
  return decodeCallAnswer(Buffer.concat(chunks), Number(response.headers[callReportBytesHeader]));
}

function answerLost(): ApiError {
  return new ApiError('FSS.0502', 'the answer was lost on its way; the function may have run');
}
