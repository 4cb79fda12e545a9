import { describe, expect, it } from 'vitest';
import { Arrivals } from '#testing';
import { aRecord, deadlineMs, text, type ClusterTools } from './cluster-tools.conformance.ts';

/** The promises of a follower. */
export function followerConformance(tools: ClusterTools): void {
  describe('a follower', () => {
    it('has handed out all earlier records when its start resolves', async () => {
      const topic = await tools.aTopic(3);
      await tools.gateway.publisher.publish(
        Array.from({ length: 1_000 }, (_, index) => aRecord(topic, String(index), { key: String(index) })),
      );
      expect(new Set((await tools.recordsOf(topic)).map(text)).size).toBe(1_000);
    });

    it('hands out records that are written after its start', async () => {
      const topic = await tools.aTopic();
      const seen = new Arrivals<string>();
      await tools.follow(topic).start((record) => seen.add(text(record)));
      await tools.gateway.publisher.publish(aRecord(topic, 'a'));
      await seen.until(1);
      await tools.gateway.publisher.publish(aRecord(topic, 'b'));
      expect(await seen.until(2)).toEqual(['a', 'b']);
    });

    it('has handed out all records acknowledged before, when caughtUp resolves', async () => {
      const topic = await tools.aTopic();
      const follower = tools.follow(topic);
      const seen: string[] = [];
      await follower.start((record) => seen.push(text(record)));
      for (const value of ['a', 'b', 'c']) {
        await tools.gateway.publisher.publish(aRecord(topic, value));
        await follower.caughtUp(deadlineMs);
        expect(seen.at(-1)).toBe(value);
      }
    });

    it('starts at the end with from: latest', async () => {
      const topic = await tools.aTopic();
      await tools.gateway.publisher.publish(aRecord(topic, 'old'));
      const follower = tools.follow(topic, 'latest');
      const seen: string[] = [];
      await follower.start((record) => seen.push(text(record)));
      await tools.gateway.publisher.publish(aRecord(topic, 'new'));
      await follower.caughtUp(deadlineMs);
      expect(seen).toEqual(['new']);
    });

    it('goes on after its reader failed on a record', async () => {
      const topic = await tools.aTopic();
      const seen = new Arrivals<string>();
      await tools.follow(topic).start((record) => {
        if (text(record) === 'bad') throw new Error('a bug');
        seen.add(text(record));
      });
      await tools.gateway.publisher.publish([aRecord(topic, 'bad'), aRecord(topic, 'good')]);
      expect(await seen.until(1)).toEqual(['good']);
    });

    it('hands out every record to each follower', async () => {
      const topic = await tools.aTopic();
      const [a, b] = [new Arrivals<string>(), new Arrivals<string>()];
      await tools.follow(topic).start((record) => a.add(text(record)));
      await tools.follow(topic).start((record) => b.add(text(record)));
      await tools.gateway.publisher.publish(aRecord(topic, 'x'));
      expect([await a.until(1), await b.until(1)]).toEqual([['x'], ['x']]);
    });
  });
}
