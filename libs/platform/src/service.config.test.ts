import { describe, expect, it } from 'vitest';
import { pubSubNameLengthMax, Topics } from '#contracts';
import { loadConfig } from './load-config.ts';
import { ServiceConfig } from './service.config.ts';

const configOf = (prefix: string) => loadConfig(ServiceConfig, { KAFKA_TOPIC_PREFIX: prefix });

describe('the prefix of topics', () => {
  it('leaves room for the longest name of a pub/sub topic', () => {
    const { topicPrefix } = configOf('x'.repeat(43));
    expect(new Topics(topicPrefix).ofPubSubTopic('y'.repeat(pubSubNameLengthMax)).length).toBe(249);
    expect(() => configOf('x'.repeat(44))).toThrow(/KAFKA_TOPIC_PREFIX/);
  });

  it('has no character that names of topics may not have', () => {
    expect(() => configOf('a b.')).toThrow(/KAFKA_TOPIC_PREFIX/);
  });
});
