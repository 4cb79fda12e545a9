import { describe, expect, it } from 'vitest';
import { builtAt } from '#testing';
import { type CallAnswer, decodeCallAnswer, decodeCallRequest, encodeCallAnswer, encodeCallRequest } from './call.ts';

describe('the codec of calls', () => {
  const answer: CallAnswer = {
    report: { ending: { kind: 'failed', condition: 'OutOfMemory', errorMessage: 'm' }, durationMs: 5, memoryMb: 128, log: 'l' },
    payload: Buffer.from('"x"'),
  };
  const call = { requestId: 'r1', functionUrn: 'f', modifiedAt: builtAt, functionId: 'id', giveUpAt: builtAt, memoryMb: 128 };

  it('decodes a call and an answer that it has encoded', () => {
    expect(decodeCallRequest(encodeCallRequest(call))).toEqual(call);
    const { body, reportBytes } = encodeCallAnswer(answer);
    expect(decodeCallAnswer(body, reportBytes)).toEqual(answer);
  });

  it.each([0, 1.5, -1, 10_000, Number.NaN])('refuses an answer whose report has %d bytes', (reportBytes) => {
    expect(() => decodeCallAnswer(encodeCallAnswer(answer).body, reportBytes)).toThrow(
      'the report is past the end of the answer',
    );
  });

  it('refuses a failure with an unknown condition, or with that of success', () => {
    for (const condition of ['Bored', '']) {
      const report = { ...answer.report, ending: { kind: 'failed', condition, errorMessage: 'm' } };
      const body = Buffer.from(JSON.stringify(report));
      expect(() => decodeCallAnswer(body, body.length)).toThrow('the ending of the call has an unknown condition');
    }
  });
});
