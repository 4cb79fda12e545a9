import { CommandFailure } from '../command-failure.ts';
import { tableLines } from '../print-table.ts';
import type { Session } from '../session.ts';

interface Topic {
  readonly topic_urn: string;
  readonly name: string;
  readonly display_name: string;
}

const path = ['notifications', 'topics'];

/**
 * Finds the URN of a topic by its name. A URN stays as it is.
 * @throws CommandFailure `notFound`.
 */
async function urnOf(session: Session, topic: string): Promise<string> {
  if (topic.startsWith('urn:')) return topic;
  const { topics } = await session.ask<{ topics: readonly Topic[] }>({ path, query: { name: topic } });
  const [found] = topics;
  if (found === undefined) throw new CommandFailure('notFound', `there is no topic ${topic}`, 'sendoff topics list');
  return found.topic_urn;
}

/** Lists the pub/sub topics of the project, newest first. */
export async function listTopics(session: Session): Promise<void> {
  const answer = await session.ask<{ topics: readonly Topic[] }>({ path });
  session.show(answer.topics, () =>
    tableLines(
      ['TOPIC', 'DISPLAY NAME', 'URN'],
      answer.topics.map((topic) => [topic.name, topic.display_name, topic.topic_urn]),
    ),
  );
}

/** Creates a topic; an existing one stays as it is. */
export async function createTopic(
  session: Session,
  name: string,
  { display = '' }: { readonly display?: string },
): Promise<void> {
  const body = { name, display_name: display };
  const changed = await session.change<{ topic_urn: string }>(`create the topic ${name}`, { method: 'POST', path, body });
  if (changed !== undefined) session.show(changed.answer, () => [changed.answer.topic_urn]);
}

/** Removes a topic and its subscriptions. */
export async function removeTopic(session: Session, topic: string): Promise<void> {
  const urn = await urnOf(session, topic);
  const changed = await session.change(`remove the topic ${topic}`, { method: 'DELETE', path: [...path, urn] });
  if (changed !== undefined) session.show({ removed: urn }, () => [`${topic} is removed`]);
}

/** Subscribes an endpoint to a topic. */
export async function subscribe(session: Session, topic: string, protocol: string, endpoint: string): Promise<void> {
  const urn = await urnOf(session, topic);
  const changed = await session.change<{ subscription_urn: string }>(`subscribe ${endpoint} to ${topic}`, {
    method: 'POST',
    path: [...path, urn, 'subscriptions'],
    body: { protocol, endpoint },
  });
  if (changed !== undefined) session.show(changed.answer, () => [changed.answer.subscription_urn]);
}

/** Publishes a message to a topic. */
export async function publish(
  session: Session,
  topic: string,
  message: string,
  { subject }: { readonly subject?: string },
): Promise<void> {
  const urn = await urnOf(session, topic);
  const changed = await session.change<{ message_id: string }>(`publish to ${topic}`, {
    method: 'POST',
    path: [...path, urn, 'publish'],
    body: { message, ...(subject === undefined ? {} : { subject }) },
  });
  if (changed !== undefined) session.show(changed.answer, () => [changed.answer.message_id]);
}
