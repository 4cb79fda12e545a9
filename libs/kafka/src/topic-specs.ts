import { topicDeclarations, type TopicName, type Topics } from '#contracts';
import type { TopicSpec } from './ports.ts';

/**
 * Returns topics of the platform, ready for {@link TopicAdmin.ensureTopics}.
 * @param partitions number of partitions for topics whose declaration leaves it to the
 *   configuration.
 * @param names the topics; default: all.
 */
export function topicSpecs(topics: Topics, partitions: number, names?: readonly TopicName[]): TopicSpec[] {
  const chosen = topicDeclarations.filter(({ name }) => names?.includes(name) ?? true);
  return chosen.map((declaration) => ({
    topic: topics.name(declaration.name),
    partitions: declaration.partitions === 'configured' ? partitions : declaration.partitions,
    ...(declaration.partitionsMax === undefined ? {} : { partitionsMax: declaration.partitionsMax }),
    isCompacted: declaration.isCompacted,
    retentionMs: declaration.retentionMs,
    // Anybody who may write could date a record back, and a service may have a wrong clock.
    timestamps: 'broker',
  }));
}
