import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FunctionDocument } from '#contracts';
import { aFunction } from '#testing';
import type { FunctionCall, Runtime } from './runtime.ts';

/** What the suite asks a function to do, said in its event. */
export type Behaviour = 'echo' | 'fail' | 'report' | 'hang' | 'large' | 'largest' | 'never-again' | 'request-id' | 'print';

/** A runtime with functions that know every {@link Behaviour}. */
export interface RuntimeUnderTest {
  readonly runtime: Runtime;
  readonly fn: FunctionDocument;
  /** Does it see what functions print, and what memory they use? */
  readonly seesInside: boolean;
  close(): Promise<void>;
}

const never = new AbortController().signal;

/** The first attempt of a call to a function, of an empty event unless told otherwise. */
export const callOf = (fn: FunctionDocument, given: Partial<FunctionCall> = {}): FunctionCall => ({
  function: fn,
  qualifier: fn.version ?? 'latest',
  requestId: 'r1',
  attempt: 1,
  payload: Buffer.from('{}'),
  timeoutMs: 8_000,
  ...given,
});

/** The promises of a runtime. */
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

    it('gives back what the function returned', async () => {
      expect(await under.runtime.run(call('echo'), never)).toEqual({
        kind: 'succeeded',
        responsePayload: Buffer.from('{"does":"echo"}'),
      });
    });

    it.each([
      ['of the largest size is kept', 15, false],
      ['over it is left out, and that is said', 14, true],
    ])('a return value %s', async (_what, responseBytesMax, isLeftOut) => {
      expect(await under.runtime.run(call('echo', { responseBytesMax }), never)).toEqual({
        kind: 'succeeded',
        responsePayload: Buffer.from(isLeftOut ? '' : '{"does":"echo"}'),
        ...(isLeftOut ? { isLeftOut } : {}),
      });
    });

    it('tells each caller what its own call printed, and what memory was used, before the call ends', async () => {
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

    it('tells a reported error from a fault', async () => {
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

    it('hears never again', async () => {
      expect(await under.runtime.run(call('never-again'), never)).toMatchObject({ kind: 'failed', isRetryable: false });
    });

    it('ends a function at its deadline', async () => {
      const outcome = await under.runtime.run(call('hang', { timeoutMs: 1_500 }), never);
      expect(outcome).toMatchObject({ kind: 'failed', condition: 'InvocationTimeout' });
    });

    it('tells the function its request id', async () => {
      expect(await under.runtime.run(call('request-id', { requestId: 'r-42' }), never)).toEqual({
        kind: 'succeeded',
        responsePayload: Buffer.from('"r-42"'),
      });
    });

    it('serves many at once', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, async (_, index) => under.runtime.run(call('request-id', { requestId: `r${index}` }), never)),
      );
      expect(outcomes.map((outcome) => ('responsePayload' in outcome ? String(outcome.responsePayload) : outcome.kind))).toEqual(
        Array.from({ length: 10 }, (_, index) => `"r${index}"`),
      );
    });

    it('ends an aborted call alone; its neighbours go on', async () => {
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
