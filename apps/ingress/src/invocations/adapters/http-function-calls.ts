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
import { type Clock, internalTokenHeader, type InternalTokens } from '#platform';
import type { Executors } from '../../names/executors.ts';
import type { CallOutcome, FunctionCalls } from '../function-calls.ts';

/**
 * The largest answer: payload and report. A report has a bounded log, and JSON may escape each of
 * its characters as six.
 */
const answerBytesMax = limits.syncBytesMax + 65_536;

/** How long an executor may take to say that it takes a call, in milliseconds. */
const takenTimeoutMs = 5_000;

/** How the request to one executor ended, before its answer is read. */
type Response = IncomingMessage | 'unreachable' | 'lost';

/** Time between two rounds in which no executor took a call. */
const againMs = 100;
/** Longest time for such rounds: a share of a function is on its way to another executor. */
const roundsMs = 2_000;

/**
 * Calls functions through executors over HTTP.
 *
 * The next executor is asked only if the one before was unreachable, took no payload, or answered
 * 503: then it has not run the function. After any other failure the function may have run. For the
 * same reason each call opens a connection. An executor may close a kept one just when the call is
 * written to it, and that looks like a lost answer.
 *
 * An executor gets the payload when it has answered `100 Continue`. One that stands still does not
 * get it, so it cannot run the function later, when the caller has long gone.
 */
export class HttpFunctionCalls implements FunctionCalls {
  /**
   * @param executors without any, no function can be called.
   * @param patienceMs how long an executor may take to answer `100 Continue`. Default 5 s.
   */
  constructor(
    private readonly executors: Pick<Executors, 'forFunction' | 'refresh'>,
    private readonly tokens: Pick<InternalTokens, 'tokenFor'>,
    private readonly clock: Pick<Clock, 'elapsedMs' | 'setTimer'>,
    private readonly patienceMs: number = takenTimeoutMs,
  ) {}

  async call(request: CallRequest, payload: Buffer, signal: AbortSignal, instancesMax: number): Promise<CallOutcome> {
    const giveUpAt = this.clock.elapsedMs() + roundsMs;
    for (;;) {
      const outcome = await this.askAll(request, payload, signal, instancesMax);
      if (outcome.kind !== 'no-executor' || signal.aborted || this.clock.elapsedMs() >= giveUpAt) return outcome;
      await new Promise<void>((resolve) => this.clock.setTimer(againMs, resolve));
      await this.executors.refresh();
    }
  }

  private async askAll(request: CallRequest, payload: Buffer, signal: AbortSignal, instancesMax: number): Promise<CallOutcome> {
    for (const url of this.executors.forFunction(request.functionUrn, instancesMax)) {
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
      expect: '100-continue',
      [internalTokenHeader]: this.tokens.tokenFor('executor'),
      [callHeader]: encodeCallRequest(request),
    };
    const options = { method: 'POST', headers, signal, agent: false };
    return new Promise((resolve, reject) => {
      const sent = target.protocol === 'https:' ? httpsRequest(target, options, resolve) : httpRequest(target, options, resolve);
      let isTaken = false;
      const patience = setTimeout(() => sent.destroy(new Error('no answer')), this.patienceMs);
      sent.once('response', () => clearTimeout(patience));
      sent.once('continue', () => {
        clearTimeout(patience);
        isTaken = true;
        sent.end(payload);
      });
      sent.once('error', (error) => {
        clearTimeout(patience);
        if (signal.aborted) reject(error);
        else resolve(isTaken ? 'lost' : 'unreachable');
      });
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
