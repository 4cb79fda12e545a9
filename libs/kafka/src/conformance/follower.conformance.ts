import { describe, expect, it } from 'vitest';
import { formatVersionHeader } from '#contracts';
import { Arrivals } from '#testing';
import { aRecord, deadlineMs, newerBetween, newerVersion, text, type ClusterTools } from './cluster-tools.conformance.ts';

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

    it('reads no further at a record of a newer release, and says that its process is outdated', async () => {
      const topic = await tools.aDeclaredTopic('cancellations');
      const gateway = await tools.connect();
      const outdated = new Arrivals<boolean>();
      gateway.onOutdated(() => outdated.add(gateway.isOutdated));
      const follower = tools.follow(topic, 'earliest', gateway);
      const seen: string[] = [];
      await follower.start((record) => seen.push(text(record)));
      await gateway.publisher.publish(newerBetween(topic));
      expect(await outdated.until(1)).toEqual([true]);
      expect([seen, gateway.keptRecords()]).toEqual([['old'], [{ topic, partition: 0, offset: 1n }]]);
      await expect(follower.caughtUp(200)).rejects.toMatchObject({ code: 'REGISTRY_BEHIND' });
      expect([seen, outdated.items]).toEqual([['old'], [true]]);
    });

    it('does not start on a topic that only a newer release can read', async () => {
      const topic = await tools.aDeclaredTopic('idempotency');
      await tools.gateway.publisher.publish(aRecord(topic, 'new', { headers: { [formatVersionHeader]: newerVersion } }));
      const follower = tools.follow(topic, 'earliest', await tools.connect());
      await expect(follower.start(() => undefined)).rejects.toMatchObject({ code: 'RECORD_TOO_NEW', details: { topic } });
    });

    it('leaves the check to a reader that verifies a signature first', async () => {
      const topic = await tools.aDeclaredTopic('registry');
      const gateway = await tools.connect();
      await gateway.publisher.publish(aRecord(topic, 'forged', { headers: { [formatVersionHeader]: newerVersion } }));
      const seen: string[] = [];
      await tools.follow(topic, 'earliest', gateway, true).start((record) => seen.push(text(record)));
      expect([seen, gateway.isOutdated]).toEqual([['forged'], false]);
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
