import type { OperationSpec } from '../document/operation.ts';
import { inPath, inQuery, wholeOrEmpty } from '../document/parameters.ts';

/** Bounds of questions for what places hold. */
export const contentBounds = {
  /** The longest key of an S3, in characters. */
  keyLengthMax: 1_024,
  objectsDefault: 50,
  objectsMax: 500,
  /** The largest object that is read whole. */
  objectBytesMax: 16 * 1_048_576,
  recordsDefault: 50,
  recordsMax: 100,
  /** Characters of the value of a record that an answer shows. */
  valueLengthMax: 2_048,
  partitionsMax: 256,
  /** The longest wait for the object store, or for Kafka. */
  waitMs: 10_000,
  /** Questions of one ingress that wait for either at once. */
  atOnceMax: 8,
} as const;

const { keyLengthMax, objectsDefault, objectsMax, objectBytesMax, recordsDefault, recordsMax, valueLengthMax } = contentBounds;
const keyText = { type: 'string', maxLength: keyLengthMax } as const;
const bucket = inPath(
  'name',
  { type: 'string', minLength: 1, maxLength: 64 },
  { description: 'The name of a bucket that the project has.', example: 'results' },
);
/** The object of the examples. */
export const exampleKey = 'hello/2026/11/25/1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10.json';

/** Operations on what notifications wrote to buckets and streams. */
export const contentOperations = {
  objects: {
    id: 'listBucketObjects',
    tag: 'Places',
    right: 'read',
    reach: 'project',
    summary: 'Lists the objects of a bucket, those with the last keys first.',
    description:
      'Keys of notifications end with the day and the request id, which begins with the time. So within one prefix of a policy the newest come first. ' +
      'The list holds all objects of the bucket, whichever function or program wrote them. ' +
      'Without an object store, the folder `objects` of the data folder holds the buckets.',
    parameters: [
      bucket,
      inQuery('prefix', keyText, { description: 'Only objects whose keys begin with it.', example: 'hello/' }),
      inQuery('limit', wholeOrEmpty(0, Number.MAX_SAFE_INTEGER), {
        description: `How many to show; 0 is ${objectsDefault}, and more than ${objectsMax} is ${objectsMax}.`,
        example: 10,
      }),
      inQuery('marker', keyText, { description: 'The `next_marker` of the page before; empty at the end of the list.' }),
    ],
    answer: {
      status: 200,
      example: {
        objects: [{ key: exampleKey, bytes: 612, written_time: '2026-11-25T09:45:00.000Z' }],
        next_marker: '',
      },
    },
    codes: ['FSS.0404', 'FSS.0429', 'FSS.0503', 'FSS.1001'],
  },
  object: {
    id: 'readBucketObject',
    tag: 'Places',
    right: 'read',
    reach: 'project',
    summary: 'Reads an object of a bucket, or its beginning.',
    description:
      `\`key\` is required. An object of more than ${objectBytesMax / 1_048_576} MiB is read in part only, with \`first_bytes\`. ` +
      'The header `X-Sendoff-Object-Bytes` is the size of the whole object. The answer is a file to store, whatever the object holds: no browser shows it as a page.',
    parameters: [
      bucket,
      inQuery('key', keyText, { description: 'The key of the object, as the list shows it.', example: exampleKey }),
      inQuery('first_bytes', wholeOrEmpty(1, objectBytesMax), { description: 'Only so many bytes from the beginning.' }),
    ],
    answer: { status: 200, mediaType: 'application/octet-stream', example: 'text of an object' },
    codes: ['FSS.0404', 'FSS.0413', 'FSS.0429', 'FSS.0503', 'FSS.1001'],
  },
  records: {
    id: 'listStreamRecords',
    tag: 'Places',
    right: 'read',
    reach: 'project',
    summary: 'Lists the newest records of a stream.',
    description:
      `\`value\` is the first ${valueLengthMax} characters of the value, and \`value_bytes\` the size of the whole. ` +
      'A record that Sendoff did not write shows neither key nor value, and `is_notice` is false. A stream may share its Kafka topic with other programs. ' +
      '`topic_exists` is false until the first notification makes the topic, and if the Kafka account of the ingress may not see it.',
    parameters: [
      inPath(
        'name',
        { type: 'string', minLength: 1, maxLength: 64 },
        { description: 'The name of a stream that the project has.', example: 'orders' },
      ),
      inQuery('limit', wholeOrEmpty(0, Number.MAX_SAFE_INTEGER), {
        description: `How many to show; 0 is ${recordsDefault}, and more than ${recordsMax} is ${recordsMax}.`,
        example: 10,
      }),
    ],
    answer: {
      status: 200,
      example: {
        topic: 'sendoff.stream.orders',
        topic_exists: true,
        records: [
          {
            partition: 0,
            offset: '1204',
            time: '2026-11-25T09:45:00.000Z',
            is_notice: true,
            key: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10',
            value: '{"version":"v1.0"}',
            value_bytes: 18,
          },
        ],
      },
    },
    codes: ['FSS.0404', 'FSS.0429', 'FSS.0503', 'FSS.1001'],
  },
} as const satisfies Record<string, OperationSpec>;
