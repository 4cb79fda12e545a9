import { describe, expect, it } from 'vitest';
import { epochMs, type IncomingRecord } from '#contracts';
import { MemoryKafka } from '../memory/memory-kafka.ts';
import { publishReject } from './rejects.ts';

const record: IncomingRecord = {
  topic: 'sendoff.intake',
  partition: 2,
  offset: 41n,
  timestamp: epochMs(0),
  key: 'k',
  value: Buffer.alloc(999_950),
  headers: { own: 'kept' },
};

describe('publishReject', () => {
  it('keeps the origin of a record that is too large together with its reason', async () => {
    const kafka = new MemoryKafka();
    await publishReject(kafka.publisher, record, 'too odd', kafka.topics);
    expect(kafka.records('sendoff.rejects')).toMatchObject([
      {
        key: null,
        value: null,
        headers: { 'reject-reason': 'too odd', 'reject-topic': 'sendoff.intake', 'reject-partition': '2', 'reject-offset': '41' },
      },
    ]);
  });

  it('cuts the reason at its bound', async () => {
    const kafka = new MemoryKafka();
    await publishReject(kafka.publisher, { ...record, value: null }, 'x'.repeat(10_000), kafka.topics);
    expect(kafka.records('sendoff.rejects')[0]?.headers['reject-reason']?.length).toBe(512);
  });
});
