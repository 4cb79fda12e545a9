import type { Admin, ITopicConfig } from 'kafkajs';
import { eventually } from '#testing';

/**
 * Makes a topic if it is not there, and waits until it has leaders. A busy broker names a topic a
 * moment after it made it. If kafkajs waits for leaders, it fails until then.
 * @returns whether it was not there.
 */
export async function createTopic(admin: Admin, { numPartitions = 1, ...rest }: ITopicConfig): Promise<boolean> {
  const isNew = await admin.createTopics({ topics: [{ numPartitions, ...rest }], waitForLeaders: false });
  await eventually(async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [rest.topic] });
    const leaders = topics.flatMap(({ partitions }) => partitions.map(({ leader }) => leader));
    return leaders.length > 0 && leaders.every((leader) => leader >= 0);
  });
  return isNew;
}

/** Deletes a topic, and waits until the broker does not name it. Its metadata lag behind. */
export async function deleteTopic(admin: Admin, topic: string): Promise<void> {
  await admin.deleteTopics({ topics: [topic] });
  await eventually(async () => !(await admin.listTopics()).includes(topic), { pauseMs: 5 });
}
