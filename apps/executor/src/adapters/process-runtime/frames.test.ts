/**
 * Goal: no bytes of a function process can harm the executor. Method: properties over frames and
 * over bytes that are not frames, cut into chunks anywhere.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameReader } from './frames.ts';
import { type FromInstance, textBytesMax, wire } from './protocol.ts';

const answerBytesMax = 1_000;
const owedId = 7;

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const f64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
};
const text = (value: string) => Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)]);
const frame = (kind: number, ...parts: readonly Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(body.length + 1), Buffer.from([kind]), body]);
};

const kinds = wire.fromInstance;
const returned = (given: { id?: number; memoryBytes?: number; isLeftOut?: number; payload?: string } = {}) =>
  frame(
    kinds.returned,
    u32(given.id ?? owedId),
    f64(given.memoryBytes ?? 5),
    Buffer.from([given.isLeftOut ?? 0]),
    Buffer.from(given.payload ?? '"x"'),
  );

/** Reads chunks, as an instance does that owes an answer to call 7. */
function read(chunks: readonly Buffer[], isAllowed: (message: FromInstance) => boolean = () => true) {
  const messages: FromInstance[] = [];
  const reader = new FrameReader({
    answerBytesMax: (id) => (id === owedId ? answerBytesMax : undefined),
    onMessage: (message) => {
      messages.push(message);
      return isAllowed(message);
    },
  });
  const isWhole = chunks.every((chunk) => reader.push(chunk));
  return { messages, isWhole };
}

const errorOf = fc.record({
  errorType: fc.string({ unit: 'grapheme', maxLength: 30 }),
  errorMessage: fc.string({ unit: 'grapheme', maxLength: 200 }),
  stackTrace: fc.array(fc.constantFrom('at a (index.js:1:1)', 'at b', '__proto__'), { maxLength: 4 }),
});
const memory = fc.nat();
const anyMessage: fc.Arbitrary<FromInstance> = fc.oneof(
  fc.constant({ kind: 'ready' } as const),
  fc.constant({ kind: 'spoiled' } as const),
  fc.record({ kind: fc.constant('unusable' as const), error: errorOf, description: fc.string() }),
  fc.record({ kind: fc.constant('log' as const), id: fc.nat(), text: fc.string({ unit: 'grapheme' }) }),
  fc.record({
    kind: fc.constant('returned' as const),
    id: fc.constant(owedId),
    memoryBytes: memory,
    isLeftOut: fc.boolean(),
    payload: fc.uint8Array({ maxLength: answerBytesMax }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({
    kind: fc.constant('failed' as const),
    id: fc.constant(owedId),
    memoryBytes: memory,
    isHandled: fc.boolean(),
    isRetryable: fc.boolean(),
    error: errorOf,
  }),
);

function frameOf(message: FromInstance): Buffer {
  const error = (given: { errorType: string; errorMessage: string; stackTrace: readonly string[] }) =>
    Buffer.concat([text(given.errorType), text(given.errorMessage), text(given.stackTrace.join('\n'))]);
  switch (message.kind) {
    case 'ready':
    case 'spoiled':
      return frame(kinds[message.kind]);
    case 'unusable':
      return frame(kinds.unusable, error(message.error), text(message.description));
    case 'log':
      return frame(kinds.log, u32(message.id), Buffer.from(message.text));
    case 'returned':
      return frame(
        kinds.returned,
        u32(message.id),
        f64(message.memoryBytes),
        Buffer.from([Number(message.isLeftOut)]),
        message.payload,
      );
    case 'failed': {
      const flags = Number(message.isHandled) | (Number(message.isRetryable) << 1);
      return frame(kinds.failed, u32(message.id), f64(message.memoryBytes), Buffer.from([flags]), error(message.error));
    }
    default:
      return message satisfies never;
  }
}

/** Cuts bytes into chunks; each cut is a share of the whole length. */
function cutAt(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const cuts = [0, ...shares.map((share) => Math.floor(share * bytes.length)).toSorted((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}
const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });

describe('the reader of frames', () => {
  it('reads every message, wherever the chunks are cut', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 8 }), shares, (messages, cuts) => {
        const bytes = Buffer.concat(messages.map(frameOf));
        expect(read(cutAt(bytes, cuts))).toEqual({ messages, isWhole: true });
      }),
    );
  });

  it('reads frames that arrive byte by byte', () => {
    const bytes = Buffer.concat([frame(kinds.ready), returned(), frame(kinds.log, u32(0), Buffer.from('é'))]);
    const { messages, isWhole } = read([...bytes].map((byte) => Buffer.from([byte])));
    expect([messages.map(({ kind }) => kind), isWhole]).toEqual([['ready', 'returned', 'log'], true]);
  });

  it('throws at no bytes, and hands on only messages of its kinds', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (chunks) => {
        const { messages } = read(chunks.map((chunk) => Buffer.from(chunk)));
        for (const { kind } of messages) expect(Object.keys(kinds)).toContain(kind);
      }),
      { numRuns: 2_000 },
    );
  });

  it('throws at no frame with a byte changed, removed or added', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), how: fc.constantFrom('set', 'remove', 'add') });
    fc.assert(
      fc.property(anyMessage, fc.array(change, { minLength: 1, maxLength: 4 }), shares, (message, changes, cuts) => {
        const bytes = [...frameOf(message)];
        for (const { at, byte, how } of changes)
          bytes.splice(at % (bytes.length + 1), how === 'add' ? 0 : 1, ...(how === 'remove' ? [] : [byte]));
        expect(() => read(cutAt(Buffer.from(bytes), cuts))).not.toThrow();
      }),
      { numRuns: 2_000 },
    );
  });

  it.each<[what: string, bytes: Buffer]>([
    ['a line end', Buffer.from('\n\n\n\n\n')],
    ['JSON', Buffer.from('[{"kind":"ready"}]\n')],
    ['a command of Node', Buffer.from('{"cmd":"NODE_HANDLE","type":"net.Socket"}\n')],
    ['an empty frame', u32(0)],
    ['a length of 4 GB', Buffer.concat([u32(0xffff_ffff), Buffer.from([kinds.log])])],
    ['a negative length', Buffer.concat([u32(0x8000_0000), Buffer.from([kinds.ready])])],
    ['an unknown kind', frame(99)],
    ['a kind with a body that it does not have', frame(kinds.ready, u32(1))],
    ['an answer without an id', frame(kinds.returned)],
    ['an answer to a call that it does not owe', returned({ id: 8 })],
    ['an answer above the bound of its call', returned({ payload: 'x'.repeat(answerBytesMax + 1) })],
    ['a failure without its error', frame(kinds.failed, u32(owedId), f64(1), Buffer.from([0]))],
    ['a text that is shorter than its length', frame(kinds.unusable, u32(100), Buffer.from('short'))],
    ['a text of 4 GB', frame(kinds.unusable, u32(0xffff_ffff))],
    ['bytes behind its last field', frame(kinds.unusable, text('a'), text('b'), text(''), text(''), Buffer.from('c'))],
    ['memory that is not a number', returned({ memoryBytes: Number.NaN })],
    ['infinite memory', returned({ memoryBytes: Number.POSITIVE_INFINITY })],
    ['negative memory', returned({ memoryBytes: -1 })],
    ['memory that is not whole', returned({ memoryBytes: 0.5 })],
    ['a flag that does not exist', returned({ isLeftOut: 2 })],
    ['a text above the largest', frame(kinds.log, u32(0), Buffer.alloc(textBytesMax + 1))],
    ['a log message without an id', frame(kinds.log, Buffer.from('ab'))],
  ])('ends at %s, and reads nothing behind it', (_what, bytes) => {
    expect(read([bytes, frame(kinds.ready)])).toEqual({ messages: [], isWhole: false });
  });

  it('ends at a message that is not allowed', () => {
    const { messages, isWhole } = read([Buffer.concat([frame(kinds.ready), frame(kinds.ready)])], () => false);
    expect([messages.length, isWhole]).toEqual([1, false]);
  });

  it('keeps no reference to the chunk that a payload came in', () => {
    const chunk = Buffer.concat([returned({ payload: '"kept"' }), Buffer.alloc(65_536)]);
    const [message] = read([chunk]).messages;
    chunk.fill(0);
    expect(message).toMatchObject({ payload: Buffer.from('"kept"') });
  });
});

describe('the frame of a call', () => {
  it.each([0, 5, 16_384, 16_385, 100_000])('holds a payload of %d bytes', (bytes) => {
    const payload = Buffer.alloc(bytes, 'x');
    const whole = Buffer.concat(
      encodeFrame({ kind: 'call', id: 3, timeoutMs: 12.5, responseBytesMax: 9, requestId: 'r-é', alias: 'prod', payload }),
    );
    const body = Buffer.concat([u32(3), f64(12.5), u32(9), text('r-é'), text('prod'), payload]);
    expect(whole.equals(frame(wire.toInstance.call, body))).toBe(true);
  });
});
