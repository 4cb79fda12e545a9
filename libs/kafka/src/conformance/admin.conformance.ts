import { describe, expect, it } from 'vitest';
import type { IncomingRecord } from '#contracts';
import { aRecord, aTopicSpec, type ClusterTools, text } from './cluster-tools.conformance.ts';

/** The promises of the topic admin. */
export function adminConformance(tools: ClusterTools): void {
  describe('the admin', () => {
    it('creates missing topics and leaves the others as they are', async () => {
      const topic = await tools.aTopic(2);
      const other = `${topic}.other`;
      await tools.gateway.admin.ensureTopics([aTopicSpec(topic, 4), aTopicSpec(other, 1)]);
      await tools.gateway.admin.ensureTopics([aTopicSpec(topic, 4), aTopicSpec(other, 1)]);
      expect(await tools.gateway.admin.ends(topic)).toHaveLength(2);
      expect(await tools.gateway.admin.list()).toEqual(expect.arrayContaining([topic, other]));
    });

    it('forgets a group, which then reads from the start again, and any group that does not exist', async () => {
      const topic = await tools.aTopic(1);
      const groupId = `${topic}.group`;
      await tools.gateway.publisher.publish(aRecord(topic, 'x'));
      const readOnce = async () => {
        const read: string[] = [];
        const { end } = (await tools.gateway.admin.ends(topic))[0] ?? expect.fail();
        const consumer = tools.gateway.consumer({ groupId, topics: [topic] });
        await new Promise<void>((resolve, reject) => {
          const onRecord = async (record: IncomingRecord) => {
            read.push(text(record));
            if (record.offset === end) resolve();
          };
          consumer.start(onRecord).catch(reject);
          void tools.gateway.publisher.publish(aRecord(topic, 'end')).catch(reject);
        });
        await consumer.close(1_000);
        return read;
      };
      expect([await readOnce(), await readOnce()]).toEqual([['x', 'end'], ['end']]);
      await tools.gateway.admin.forgetGroup(groupId);
      expect(await readOnce()).toEqual(['x', 'end', 'end', 'end']);
      await tools.gateway.admin.forgetGroup('nobody');
    });

    it('tells what a group has committed, and nothing of partitions without a commit', async () => {
      const topic = await tools.aTopic(1);
      const groupId = `${topic}.group`;
      expect(await tools.gateway.admin.committed(groupId, [topic])).toEqual([]);
      await tools.gateway.publisher.publish([aRecord(topic, 'x'), aRecord(topic, 'y')]);
      const consumer = tools.gateway.consumer({ groupId, topics: [topic] });
      await new Promise<void>((resolve, reject) => {
        consumer.start(async (record) => (record.offset === 1n ? resolve() : undefined)).catch(reject);
      });
      await consumer.close(1_000);
      expect(await tools.gateway.admin.committed(groupId, [topic])).toEqual([{ topic, partition: 0, finishedTo: 2n }]);
    });

    it('reads records from an offset on, and none where no record is', async () => {
      const topic = await tools.aTopic(2);
      const sent = ['a', 'b', 'c'].map((value) => aRecord(topic, value, { partition: 1, headers: { name: value } }));
      await tools.gateway.publisher.publish(sent);
      const from = async (partition: number, offset: bigint, recordsMax = 10) => {
        const records = await tools.gateway.recordsFrom({ topic, partition }, offset, recordsMax);
        return records.map((record) => `${record.offset}${text(record)}${record.headers['name']}`);
      };
      expect(await from(1, 0n)).toEqual(['0aa', '1bb', '2cc']);
      expect(await from(1, 1n, 1)).toEqual(['1bb']);
      expect([await from(1, 3n), await from(1, 9n), await from(0, 0n)]).toEqual([[], [], []]);
    });

    it('tells the start and the end of each partition', async () => {
      const topic = await tools.aTopic(2);
      await tools.gateway.publisher.publish([aRecord(topic, 'x', { partition: 1 }), aRecord(topic, 'x', { partition: 1 })]);
      const ends = [...(await tools.gateway.admin.ends(topic))].sort((a, b) => a.partition - b.partition);
      expect(ends).toEqual([
        { partition: 0, start: 0n, end: 0n },
        { partition: 1, start: 0n, end: 2n },
      ]);
    });

    it('tells when the oldest record of each partition was written', async () => {
      const topic = await tools.aTopic(2);
      const partition = 1;
      expect(await tools.gateway.admin.oldest(topic)).toEqual([]);
      for (const value of ['x', 'y']) await tools.gateway.publisher.publish(aRecord(topic, value, { partition }));
      const [first] = await tools.gateway.recordsFrom({ topic, partition }, 0n, 1);
      expect(await tools.gateway.admin.oldest(topic)).toEqual([{ partition, at: first?.timestamp }]);
    });

    it('tells from which offset on records are not older than an instant', async () => {
      const topic = await tools.aTopic(2);
      const at = async (ms: number) => (await tools.gateway.admin.offsetsAt(topic, ms)).map(({ offset }) => offset);
      expect(await at(0)).toEqual([0n, 0n]);
      await tools.gateway.publisher.publish(aRecord(topic, 'x', { partition: 1 }));
      const [first = expect.fail()] = await tools.gateway.recordsFrom({ topic, partition: 1 }, 0n, 1);
      expect([await at(first.timestamp), await at(first.timestamp + 1)]).toEqual([
        [0n, 0n],
        [0n, 1n],
      ]);
    });
  });
}
