/**
 * Goal: who asks for metadata gets it as it is now. Method: a connection to a scripted broker. Its
 * answer to an earlier question is on its way meanwhile.
 */
import { expect, it, onTestFinished } from 'vitest';
import { eventually, ScriptedBrokers } from '#testing';
import { clusterOf } from './scripted-cluster.ts';

it('asks for metadata anew while an answer is on its way that may be older than the question', async () => {
  const brokers = await ScriptedBrokers.start({ brokers: 1, topics: { a: [1], b: [1, 1] } });
  onTestFinished(() => brokers.stop());
  const cluster = await clusterOf(brokers.addresses, ['a']);
  onTestFinished(() => cluster.disconnect());
  const before = brokers.received('Metadata').length;
  const mayAnswer = Promise.withResolvers<void>();
  brokers.script('Metadata', async (_received, usual) => {
    const answer = await usual();
    await mayAnswer.promise;
    return answer;
  });
  const earlier = cluster.refreshMetadata();
  await eventually(() => brokers.received('Metadata').length > before);
  brokers.addPartition('a', 1);
  const later = [cluster.refreshMetadata(), cluster.addMultipleTargetTopics(['b']), cluster.refreshMetadata()];
  mayAnswer.resolve();
  await Promise.all([earlier, ...later]);
  expect(['a', 'b'].map((topic) => cluster.findTopicPartitionMetadata(topic).length)).toEqual([2, 2]);
  // Those who asked meanwhile share one question.
  expect(brokers.received('Metadata').length - before).toBe(2);
});
