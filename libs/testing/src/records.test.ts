import { describe, expect, it } from 'vitest';
import { epochMs, PlatformError } from '#contracts';
import { builtAt } from './builders.ts';
import { ManualClock } from './manual-clock.ts';
import { asIncoming, RecordingPublisher } from './records.ts';

const record = (key: string) => ({ topic: 't', key, value: null, headers: {} });

describe('RecordingPublisher', () => {
  it('keeps single records and batches in order, with their times', async () => {
    const clock = new ManualClock(builtAt);
    const publisher = new RecordingPublisher(clock);
    await publisher.publish(record('a'));
    await clock.advance(5);
    await publisher.publish([record('b'), record('c')]);
    expect(publisher.records.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    expect(publisher.times).toEqual([builtAt, builtAt + 5, builtAt + 5]);
  });

  it('keeps nothing while it fails', async () => {
    const publisher = new RecordingPublisher();
    publisher.failure = new PlatformError('BROKER_UNAVAILABLE');
    await expect(publisher.publish(record('a'))).rejects.toThrow(publisher.failure);
    expect(publisher.records).toEqual([]);
  });
});

describe('asIncoming', () => {
  it('reads an outgoing record back, at a time the test may choose', () => {
    expect(asIncoming({ topic: 't', value: null, headers: { a: '1' } }, epochMs(7))).toEqual({
      topic: 't',
      partition: 0,
      offset: 0n,
      timestamp: 7,
      key: null,
      value: null,
      headers: { a: '1' },
      bytes: 0,
    });
  });
});
