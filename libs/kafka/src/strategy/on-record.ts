import { EventPattern } from '@nestjs/microservices';
import type { TopicName } from '#contracts';

/**
 * Marks a method that handles the records of these topics, named without the prefix. It wraps
 * Nest's `EventPattern`, which does not compile on a method whose second parameter is a typed
 * context.
 */
export function OnRecord(...topics: readonly [TopicName, ...TopicName[]]): MethodDecorator {
  return EventPattern<readonly TopicName[]>(topics);
}
