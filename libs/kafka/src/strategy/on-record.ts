import { type INestApplicationContext, SetMetadata } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { IncomingRecord, TopicName } from '#contracts';
import type { RecordDelivery } from '../ports.ts';

/** How a record came, for handlers. */
export interface KafkaRecordContext {
  /** Aborts when the partition is lost, or when the consumer closes without waiting any longer. */
  readonly signal: AbortSignal;
  readonly delivery: RecordDelivery;
}

/** A method that handles records. */
export type RecordMethod = (record: IncomingRecord, context: KafkaRecordContext) => Promise<void>;

const topicsKey = 'sendoff:record-topics';

/** Marks the method of a controller that handles records of these topics, without the prefix. */
export function OnRecord(
  ...topics: readonly [TopicName, ...TopicName[]]
): <Method extends RecordMethod>(target: object, name: string, method: TypedPropertyDescriptor<Method>) => void {
  return SetMetadata(topicsKey, topics);
}

/**
 * Finds the methods that {@link OnRecord} marks, by topic. They are called without Nest's filters,
 * pipes and interceptors, which cost 11 us of CPU a record in each service.
 * @throws Error if two methods handle the same topic.
 */
export function recordMethodsOf(app: INestApplicationContext): ReadonlyMap<string, RecordMethod> {
  const methods = new Map<string, RecordMethod>();
  const scanner = new MetadataScanner();
  for (const { controllers } of app.get(ModulesContainer).values())
    for (const { instance } of controllers.values()) {
      const controller = instance as Readonly<Record<string, RecordMethod>>;
      for (const name of scanner.getAllMethodNames(Object.getPrototypeOf(controller) as object)) {
        const method = controller[name];
        if (method === undefined) continue;
        for (const topic of (Reflect.getMetadata(topicsKey, method) ?? []) as readonly string[]) {
          if (methods.has(topic)) throw new Error(`two methods handle the records of ${topic}; one must`);
          methods.set(topic, (record, context) => method.call(controller, record, context));
        }
      }
    }
  return methods;
}
