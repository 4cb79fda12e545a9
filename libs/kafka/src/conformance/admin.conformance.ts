import { describe, expect, it } from 'vitest';
import { aRecord, aTopicSpec, type ClusterTools } from './cluster-tools.conformance.ts';

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

    it('tells the start and the end of each partition', async () => {
      const topic = await tools.aTopic(2);
      await tools.gateway.publisher.publish([aRecord(topic, 'x', { partition: 1 }), aRecord(topic, 'x', { partition: 1 })]);
      const ends = [...(await tools.gateway.admin.ends(topic))].sort((a, b) => a.partition - b.partition);
      expect(ends).toEqual([
        { partition: 0, start: 0n, end: 0n },
        { partition: 1, start: 0n, end: 2n },
      ]);
    });
  });
}
