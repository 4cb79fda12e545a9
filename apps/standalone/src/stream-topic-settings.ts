import { IsArray, Matches } from 'class-validator';
import { Setting } from '#platform';

/** For programs that give the accounts of an installation their rights. */
export class StreamTopicSettings {
  @Setting({
    env: 'KAFKA_STREAM_TOPICS',
    description:
      'For a broker whose accounts Sendoff sets up: Kafka topics, separated by commas, that streams may name besides their own. ' +
      'A `*` at the end stands for every name that begins so.',
  })
  @IsArray()
  @Matches(/^[a-zA-Z0-9._-]+\*?$/, { each: true, message: 'each topic is a name, or the beginning of names and a *' })
  streamTopics: string[] = [];
}
