/** Limits of the public API and of records. Limits of one service are in its configuration. */
export const limits = {
  /** Largest payload of an asynchronous invocation. */
  payloadBytesMax: 256 * 1024,
  /**
   * Largest return value that a notification can hold. A larger one is left out, and the invocation
   * succeeds.
   */
  responseBytesMax: 256 * 1024,
  /** Largest payload, and largest return value, of a synchronous invocation. */
  syncBytesMax: 6 * 1024 * 1024,
  /** Largest part of the log that the answer to a synchronous invocation holds: its end. */
  callLogBytesMax: 4_096,
  /** Days after which an object may expire; 0 keeps it. */
  expiresDaysMax: 365,
  /**
   * Longest prefix of objects, in UTF-8. With day and request id a key has at most the 1,024 bytes
   * of S3.
   */
  objectPrefixBytesMax: 960,
  /** Longest part of a prefix between slashes, in UTF-8: the limit of file names, also in MinIO. */
  objectPrefixPartBytesMax: 255,
  /** Most chained invocations before one; more count as a recursion. */
  hopsMax: 16,
  /** Most executors that one attempt may end before its invocation fails. */
  executorDeathsMax: 100,
  /** Largest number of hops that a header may hold. */
  hopsReadMax: 999_999,
  /** Most tries of a delivery that the notifier may be configured with. */
  deliveryTriesMax: 100,
  /** Longest delay that a caller may ask for. */
  delaySecondsMax: 86_400,
  /** Most tags that a caller may give to an invocation. */
  invocationTagsMax: 8,
  /** Largest source of an inline function. */
  inlineCodeBytesMax: 10 * 1024,
  /** Longest function URN, in characters. */
  functionUrnLengthMax: 269,
  /** Largest message that a client may publish, in UTF-8. */
  messageBytesMax: 256 * 1024,
  /** Longest subject of a message, in UTF-8. */
  subjectBytesMax: 512,
  /** Longest time to live of a message. */
  timeToLiveSecondsMax: 86_400,
  /**
   * Longest message in an error document, in characters. As JSON it is below `responseBytesMax`.
   */
  errorDocumentLengthMax: 32_768,
  /** Longest error message on a record, in characters. */
  errorMessageLengthMax: 1024,
} as const;

/** Memory that an instance may have, in MB. @see FunctionGraph API, function model */
export const memorySizesMb: readonly number[] = [
  128, 256, 512, 768, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096, 8192, 10240,
];

/** Can an instance have this much memory? */
export function isMemorySizeMb(memoryMb: number): boolean {
  return memorySizesMb.includes(memoryMb);
}
