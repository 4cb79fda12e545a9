import type { PlaceKind } from './queries.ts';

interface PlaceWords {
  readonly title: string;
  /** The word for one, as in `Create bucket`. */
  readonly one: string;
  readonly intro: string;
  /** The content of one. */
  readonly content: string;
  /** How to begin when there are none. */
  readonly start: string;
  /** The effect of a deletion. */
  readonly afterDeletion: string;
}

/** The words of the pages of buckets and of streams. */
export const placeWords: Readonly<Record<PlaceKind, PlaceWords>> = {
  buckets: {
    title: 'Buckets',
    one: 'bucket',
    intro: 'Object stores that notices may go to: one JSON object for each ended invocation.',
    content: 'The objects of the bucket, whoever wrote them, and the notices of functions to it.',
    start: 'A bucket must be known here before a function can name it as a target.',
    afterDeletion: 'Its objects stay. Functions that name it keep it as a target, but their notices to it fail.',
  },
  streams: {
    title: 'Streams',
    one: 'stream',
    intro: 'Kafka topics that notices may go to: one record for each ended invocation.',
    content: 'The newest records of the stream, and the notices of functions to it.',
    start: 'A stream must be known here before a function can name it as a target.',
    afterDeletion: 'Its Kafka topic and records stay. Functions that name it keep it as a target, but their notices to it fail.',
  },
};
