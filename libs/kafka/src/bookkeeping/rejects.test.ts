import { describe, expect, it } from 'vitest';
import { epochMs, type IncomingRecord, PlatformError } from '#contracts';
import { MemoryKafka } from '../memory/memory-kafka.ts';
import { publishReject } from './rejects.ts';

const record: IncomingRecord = {
  topic: 'sendoff.intake',
  partition: 2,
  offset: 41n,
  timestamp: epochMs(0),
  bytes: 100,
  key: 'k',
  value: Buffer.alloc(999_950),
  headers: { own: 'kept' },
};

const rejecter = (kafka: MemoryKafka) => ({ publisher: kafka.publisher, topics: kafka.topics, groupId: 'a-group' });

describe('publishReject', () => {
  it('keeps the origin of a record that is too large together with its reason', async () => {
    const kafka = new MemoryKafka();
    await publishReject(record, new PlatformError('CONTRACT_VIOLATED', { details: { reason: 'too odd' } }), rejecter(kafka));
    expect(kafka.records('sendoff.rejects')).toMatchObject([
      {
        key: null,
        value: null,
        headers: {
          'reject-reason': 'CONTRACT_VIOLATED: too odd',
          'reject-topic': 'sendoff.intake',
          'reject-partition': '2',
          'reject-offset': '41',
          'reject-timestamp': '0',
          'reject-code': 'other',
        },
      },
    ]);
  });

  it('names code and function of the fault, and nothing that the producer wrote in their place', async () => {
    const kafka = new MemoryKafka();
    const forged = { ...record, value: null, headers: { 'reject-function': 'forged', 'reject-project': 'forged', own: 'kept' } };
    await publishReject(forged, new PlatformError('CONTRACT_VIOLATED'), rejecter(kafka));
    const details = { rejectCode: 'function-disabled', functionUrn: 'urn', project: 'p1' };
    await publishReject(forged, new PlatformError('CONTRACT_VIOLATED', { details }), rejecter(kafka));
    const [first, second] = kafka.records('sendoff.rejects').map(({ headers }) => headers);
    expect(first).toMatchObject({ own: 'kept', 'reject-code': 'other' });
    expect(first).not.toHaveProperty('reject-function');
    expect(first).not.toHaveProperty('reject-project');
    expect(second).toMatchObject({ 'reject-code': 'function-disabled', 'reject-function': 'urn', 'reject-project': 'p1' });
  });

  it('cuts the reason at its bound', async () => {
    const kafka = new MemoryKafka();
    await publishReject(
      { ...record, value: null },
      new PlatformError('CONTRACT_VIOLATED', { details: { reason: 'x'.repeat(10_000) } }),
      rejecter(kafka),
    );
    expect(kafka.records('sendoff.rejects')[0]?.headers['reject-reason']?.length).toBe(512);
  });
});
