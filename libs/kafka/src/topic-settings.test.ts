import { describe, expect, it } from 'vitest';
import type { TopicSpec } from './ports.ts';
import { type ExistingTopic, faultsOf, readSettings, settingsOf, type TopicConfig } from './topic-settings.ts';

const dayMs = 86_400_000;
const work: TopicSpec = { topic: 'work', partitions: 4, isCompacted: false, retentionMs: 3 * dayMs, timestamps: 'broker' };
const registry: TopicSpec = {
  topic: 'registry',
  partitions: 1,
  partitionsMax: 1,
  isCompacted: true,
  retentionMs: -1,
  timestamps: 'broker',
};

const suitable = (spec: TopicSpec, replication = 1): Record<string, string> => ({
  ...Object.fromEntries(settingsOf(spec, replication).map(({ name, value }) => [name, value])),
  'max.message.bytes': '1048588',
  'retention.bytes': '-1',
  'unclean.leader.election.enable': 'false',
});

const topic = (spec: TopicSpec, config: TopicConfig | undefined, more: Partial<ExistingTopic> = {}): ExistingTopic => ({
  partitions: spec.partitions,
  replicas: 1,
  config,
  ...more,
});

describe('a topic that exists', () => {
  it.each([work, registry])('has no fault as it is created', (spec) => {
    expect(faultsOf(spec, topic(spec, suitable(spec)), 1)).toEqual([]);
    expect(faultsOf(spec, topic(spec, suitable(spec, 3), { replicas: 3 }), 3)).toEqual([]);
  });

  it.each<[setting: string, spec: TopicSpec, found: string, needed: string, remedy: string]>([
    ['cleanup.policy', work, 'compact', 'delete', 'correct'],
    ['cleanup.policy', work, 'compact,delete', 'delete', 'correct'],
    ['cleanup.policy', registry, 'delete', 'compact', 'correct'],
    ['cleanup.policy', registry, 'compact,delete', 'compact', 'correct'],
    ['retention.ms', work, '259199999', '259200000', 'correct'],
    ['retention.ms', registry, '604800000', '-1', 'correct'],
    ['message.timestamp.type', work, 'CreateTime', 'LogAppendTime', 'correct'],
    ['min.compaction.lag.ms', registry, '0', '604800000', 'correct'],
    ['max.compaction.lag.ms', registry, '86400000', '604800000', 'correct'],
    ['max.message.bytes', work, '1000060', '1000061', 'correct'],
    ['min.insync.replicas', work, '2', '1', 'warn'],
    ['retention.bytes', work, '1073741824', '-1', 'warn'],
    ['unclean.leader.election.enable', work, 'true', 'false', 'warn'],
  ])('has a fault in %s', (name, spec, found, needed, remedy) => {
    expect(readSettings).toContain(name);
    expect(faultsOf(spec, topic(spec, { ...suitable(spec), [name]: found }), 1)).toEqual([{ name, found, needed, remedy }]);
  });

  it.each<[setting: string, found: string]>([
    ['retention.ms', '259200000'],
    ['retention.ms', '604800000'],
    ['retention.ms', '-1'],
    ['max.message.bytes', '1000061'],
    ['max.message.bytes', '8388608'],
    ['max.compaction.lag.ms', '1'],
    ['min.insync.replicas', '1'],
  ])('may have %s = %s', (name, found) => {
    expect(faultsOf(work, topic(work, { ...suitable(work), [name]: found }), 1)).toEqual([]);
  });

  it('may have a setting that the brokers do not know', () => {
    const { 'min.compaction.lag.ms': _unknown, ...known } = suitable(registry);
    expect(faultsOf(registry, topic(registry, known), 1)).toEqual([]);
  });

  it('must wait for two replicas only where it has three', () => {
    const alone = { ...suitable(work, 3), 'min.insync.replicas': '1' };
    const fault = { name: 'min.insync.replicas', found: '1', needed: '2', remedy: 'correct' };
    expect(faultsOf(work, topic(work, alone, { replicas: 3 }), 3)).toEqual([fault]);
    expect(faultsOf(work, topic(work, alone, { replicas: 3 }), 1)).toEqual([]);
    expect(faultsOf(work, topic(work, alone, { replicas: 2 }), 3)).toEqual([
      { name: 'replicas', found: '2', needed: '3', remedy: 'warn' },
    ]);
    expect(faultsOf(work, topic(work, alone, { replicas: 2 }), -1)).toEqual([]);
  });

  it('is refused with too many partitions for one order, even if its settings are unknown', () => {
    const fault = { name: 'partitions', found: '3', needed: '1', remedy: 'refuse' };
    expect(faultsOf(registry, topic(registry, undefined, { partitions: 3 }), 1)).toEqual([fault]);
  });

  it('may have more partitions than configured, and is warned of with fewer', () => {
    const fault = { name: 'partitions', found: '3', needed: '4', remedy: 'warn' };
    expect(faultsOf(work, topic(work, undefined, { partitions: 5 }), 1)).toEqual([]);
    expect(faultsOf(work, topic(work, undefined, { partitions: 3 }), 1)).toEqual([fault]);
  });
});
