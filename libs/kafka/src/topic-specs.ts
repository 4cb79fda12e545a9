import { topicDeclarations, type Topics } from '#contracts';
import type { TopicSpec } from './ports.ts';

/**
 * Returns every topic of the platform, ready for {@link TopicAdmin.ensureTopics}.
 * @param partitions number of partitions for topics whose declaration leaves it to the
 *   configuration.
 */
export function topicSpecs(topics: Topics, partitions: number): TopicSpec[] {
  return topicDeclarations.map((declaration) => ({
    topic: topics.name(declaration.name),
    partitions: declaration.partitions === 'configured' ? partitions : declaration.partitions,
    isCompacted: declaration.isCompacted,
    retentionMs: declaration.retentionMs,
  }));
}
