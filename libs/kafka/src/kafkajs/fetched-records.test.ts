/**
 * Goal: a reader gets the records of committed transactions only, and goes on behind all that it
 * has read. Method: messages as the reader of batches makes them.
 */
import { describe, expect, it } from 'vitest';
import { fetchedRecords, type FetchedPartition } from './fetched-records.ts';
import type { FetchedMessage } from './record-decoder.ts';

interface Made {
  readonly key?: string;
  /** Of a transaction. */
  readonly producer?: string;
  /** A control record: the end of a transaction, or of a batch. */
  readonly control?: 'abort' | 'commit';
}

function message(offset: number, { key, producer, control }: Made = {}): FetchedMessage {
  return {
    offset: BigInt(offset),
    key: key ?? null,
    value: Buffer.from('v'),
    timestamp: 0,
    headers: {},
    bytes: 1,
    unreadable: undefined,
    isControl: control !== undefined,
    isAbort: control === 'abort',
    batch: {
      firstOffset: BigInt(offset),
      firstTimestamp: 0,
      appendedAt: undefined,
      isControl: control !== undefined,
      producerId: producer ?? '-1',
      inTransaction: producer !== undefined,
    },
  };
}

const abort = (offset: number, producer: string) => message(offset, { producer, control: 'abort' });
const commit = (offset: number, producer: string) => message(offset, { producer, control: 'commit' });

function read(position: number, messages: readonly FetchedMessage[], aborted: FetchedPartition['abortedTransactions'] = []) {
  const data = { partition: 0, errorCode: 0, highWatermark: '100', abortedTransactions: aborted, messages };
  const { messages: read, next } = fetchedRecords(data, BigInt(position));
  return { offsets: read.map(({ offset }) => Number(offset)), next: Number(next) };
}

describe('records of transactions', () => {
  it('are read if they were committed', () => {
    expect(read(0, [message(0, { producer: '7' }), commit(1, '7'), message(2)])).toEqual({ offsets: [0, 2], next: 3 });
  });

  it('are left out if they were aborted, and those of the next transaction are read', () => {
    const messages = [message(0, { producer: '7' }), abort(1, '7'), message(2, { producer: '7' }), commit(3, '7')];
    expect(read(0, messages, [{ producerId: '7', firstOffset: '0' }])).toEqual({ offsets: [2], next: 4 });
  });

  it('are left out whatever their keys are', () => {
    const messages = [message(0, { producer: '7', key: '\0\0\0\0' }), message(1, { producer: '7' }), abort(2, '7')];
    expect(read(0, messages, [{ producerId: '7', firstOffset: '0' }])).toEqual({ offsets: [], next: 3 });
  });

  it('are left out although several transactions had begun before the position, in any order', () => {
    const messages = [
      message(10, { producer: '8' }),
      message(11, { producer: '7' }),
      message(12),
      abort(13, '8'),
      abort(14, '7'),
    ];
    const aborted = [
      { producerId: '8', firstOffset: '6' },
      { producerId: '7', firstOffset: '5' },
    ];
    expect(read(10, messages, aborted)).toEqual({ offsets: [12], next: 15 });
  });

  it('are left out if the mark of the abort lies before the position', () => {
    const messages = [abort(9, '7'), message(10, { producer: '7' }), commit(11, '7')];
    expect(read(10, messages, [{ producerId: '7', firstOffset: '5' }])).toEqual({ offsets: [10], next: 12 });
  });
});

describe('records behind a damaged batch', () => {
  const damaged = (offset: number): FetchedMessage => ({ ...message(offset), batch: undefined, unreadable: 'damaged' });
  const fates = (messages: readonly FetchedMessage[], aborted: NonNullable<FetchedPartition['abortedTransactions']>) => {
    const data = { partition: 0, errorCode: 0, highWatermark: '100', abortedTransactions: aborted, messages };
    return fetchedRecords(data, 0n).messages.map(({ offset, unreadable }) => [Number(offset), unreadable ?? 'read']);
  };
  const mayBe = expect.stringContaining('may be committed or not');

  it('are rejected with the reason until the next mark, if it may have ended their aborted transaction', () => {
    const messages = [
      ...[message(0, { producer: '7' }), damaged(1), message(2, { producer: '7' }), message(3, { producer: '8' })],
      ...[message(4), commit(5, '7'), message(6, { producer: '7' }), commit(7, '7'), commit(8, '8')],
    ];
    expect(fates(messages, [{ producerId: '7', firstOffset: '0' }])).toEqual([
      ...[
        [1, 'damaged'],
        [2, mayBe],
        [3, 'read'],
      ],
      ...[
        [4, 'read'],
        [6, 'read'],
      ],
    ]);
  });

  it('are left out if their own transaction began behind it and was aborted', () => {
    const messages = [message(0, { producer: '7' }), damaged(1), message(2, { producer: '7' }), abort(3, '7')];
    const aborted = [0, 2].map((offset) => ({ producerId: '7', firstOffset: String(offset) }));
    expect(fates(messages, aborted)).toEqual([[1, 'damaged']]);
  });

  it('are left out if the damaged batch was the first of their aborted transaction', () => {
    const messages = [damaged(0), message(1, { producer: '7' }), abort(2, '7')];
    expect(fates(messages, [{ producerId: '7', firstOffset: '0' }])).toEqual([[0, 'damaged']]);
  });
});

describe('the offset at which reading goes on', () => {
  it('is the position if nothing was read', () => {
    expect(read(4, [])).toEqual({ offsets: [], next: 4 });
    expect(read(4, [message(2), message(3)], null)).toEqual({ offsets: [], next: 4 });
  });

  it('is behind control records and ends of batches', () => {
    expect(read(4, [message(3), message(4), message(9, { control: 'commit' })])).toEqual({ offsets: [4], next: 10 });
  });
});
