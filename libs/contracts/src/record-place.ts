import type { EpochMs } from './epoch-ms.ts';
import type { TopicName } from './topic-declarations.ts';

/** The place of one record on a topic. */
export interface RecordPlace {
  /** Without the prefix. */
  readonly topic: TopicName;
  readonly partition: number;
  /** Below 2^53, as far as any partition gets. */
  readonly offset: number;
  /** When the broker appended the record, by the clock of that broker. */
  readonly at: EpochMs;
}
