import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FunctionDocument } from '#contracts';
import { aFunction } from '#testing';
import type { FunctionCall, Runtime } from './runtime.ts';

/** An action that the suite requests in the event of a function. */
export type Behaviour = 'echo' | 'fail' | 'report' | 'hang' | 'large' | 'largest' | 'never-again' | 'request-id' | 'print';

/** A runtime with a function that can do every {@link Behaviour}. */
export interface RuntimeUnderTest {
  readonly runtime: Runtime;
  readonly fn: FunctionDocument;
  /** Does it see what functions print, and what memory they use? */
  readonly seesInside: boolean;
  close(): Promise<void>;
}

const never = new AbortController().signal;

/** A first attempt of a function, with an empty event by default. */
export const callOf = (fn: FunctionDocument, given: Partial<FunctionCall> = {}): FunctionCall => ({
  function: fn,
  qualifier: fn.version ?? 'latest',
  requestId: 'r1',
  attempt: 1,
  payload: Buffer.from('{}'),
  timeoutMs: 8_000,
  ...given,
});

/** Tests that every runtime must pass. */
export function runtimeConformance(name: string, open: () => Promise<RuntimeUnderTest>): void {
  describe(`${name} as a runtime`, () => {
    let under: RuntimeUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(async () => {
      await under.runtime.close();
      await under.close();
    });

    const call = (does: Behaviour, given: Partial<FunctionCall> = {}): FunctionCall =>
      callOf(aFunction({ ...under.fn, concurrencyPerInstance: 10 }), {
        payload: Buffer.from(JSON.stringify({ does })),
        timeoutMs: 10_000,
        ...given,
      });

    it('returns the return value of the function', async () => {
      expect(await under.runtime.run(call('echo'), never)).toEqual({
        kind: 'succeeded',
        responsePayload: Buffer.from('{"does":"echo"}'),
      });
    });

    it.each([
      ['of the largest size', 15, false],
      ['that is too large, by leaving it out', 14, true],
    ])('handles a return value %s', async (_what, responseBytesMax, isLeftOut) => {
      expect(await under.runtime.run(call('echo', { responseBytesMax }), never)).toEqual({
        kind: 'succeeded',
        responsePayload: Buffer.from(isLeftOut ? '' : '{"does":"echo"}'),
        ...(isLeftOut ? { isLeftOut } : {}),
      });
    });

    it('reports the output and memory of each call before it ends', async () => {
      const seen = await Promise.all(
        ['r1', 'r1', 'r2'].map(async (requestId) => {
          const printed: string[] = [];
          const used: number[] = [];
          const observer = { printed: (text: string) => void printed.push(text), used: (bytes: number) => void used.push(bytes) };
          await under.runtime.run(call('print', { requestId, observer }), never);
          return { printed: printed.join(''), measured: used.length };
        }),
      );
      const told = (requestId: string) => ({ printed: `${requestId} begins\n${requestId} ends\n`, measured: 1 });
      expect(seen).toEqual(['r1', 'r1', 'r2'].map(under.seesInside ? told : () => ({ printed: '', measured: 0 })));
    });

    it('distinguishes reported errors from faults', async () => {
      expect(await under.runtime.run(call('report'), never)).toMatchObject({
        kind: 'failed',
        condition: 'HandledInvocationError',
        isRetryable: true,
      });
      expect(await under.runtime.run(call('fail'), never)).toMatchObject({
        kind: 'failed',
        condition: 'UnhandledInvocationError',
        isRetryable: true,
      });
    });

    it('passes on that a failure must not be retried', async () => {
      expect(await under.runtime.run(call('never-again'), never)).toMatchObject({ kind: 'failed', isRetryable: false });
    });

    it('ends a call at its deadline', async () => {
      const outcome = await under.runtime.run(call('hang', { timeoutMs: 1_500 }), never);
      expect(outcome).toMatchObject({ kind: 'failed', condition: 'InvocationTimeout' });
    });

    it('passes the request id to the function', async () => {
      expect(await under.runtime.run(call('request-id', { requestId: 'r-42' }), never)).toEqual({
        kind: 'succeeded',
        responsePayload: Buffer.from('"r-42"'),
      });
    });

    it('runs many calls at once', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, async (_, index) => under.runtime.run(call('request-id', { requestId: `r${index}` }), never)),
      );
      expect(outcomes.map((outcome) => ('responsePayload' in outcome ? String(outcome.responsePayload) : outcome.kind))).toEqual(
        Array.from({ length: 10 }, (_, index) => `"r${index}"`),
      );
    });

    it('ends only the call that is aborted; others in the instance go on', async () => {
      const abort = new AbortController();
      const aborted = under.runtime.run(call('hang'), abort.signal);
      const before = under.runtime.run(call('echo'), never);
      abort.abort();
      expect(await aborted).toEqual({ kind: 'cancelled' });
      expect(await before).toMatchObject({ kind: 'succeeded' });
      expect(await under.runtime.run(call('echo'), never)).toMatchObject({ kind: 'succeeded' });
    });
  });
}
