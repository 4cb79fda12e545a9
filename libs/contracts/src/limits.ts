/** Bounds of the public contract; those of one service are in its config. */
export const limits = {
  /** Largest payload of an asynchronous invocation, in bytes. */
  payloadBytesMax: 256 * 1024,
  /** Largest return value that is kept, in bytes; beyond it the value is empty and the invocation still succeeds. */
  responseBytesMax: 256 * 1024,
  /** Largest payload, and largest return value, of a synchronous invocation, in bytes. */
  syncBytesMax: 6 * 1024 * 1024,
  /** Log of a synchronous invocation that is given back, in bytes: its end. */
  callLogBytesMax: 4_096,
  /** Days after which an object may expire; 0 keeps it. */
  expiresDaysMax: 365,
  /** Longest prefix of objects, in bytes of UTF-8: with day and request id a key stays below the 1,024 of every S3. */
  objectPrefixBytesMax: 960,
  /** Longest part of it between slashes, in bytes of UTF-8: a file name of a folder, and of MinIO. */
  objectPrefixPartBytesMax: 255,
  /** Chained invocations in a row before recursion is assumed. */
  hopsMax: 16,
  /** Largest number of chained invocations that a header may claim. */
  hopsReadMax: 999_999,
  /** Tries of one delivery that a configuration may ask for. */
  deliveryTriesMax: 100,
  /** Longest delay a caller may ask for, in seconds. */
  delaySecondsMax: 86_400,
  /** Largest inline source, in bytes. */
  inlineCodeBytesMax: 10 * 1024,
  /** Longest function URN, in characters. */
  functionUrnLengthMax: 269,
  /** Largest message that may be published, in bytes of UTF-8. */
  messageBytesMax: 256 * 1024,
  /** Longest subject of a message, in bytes of UTF-8. */
  subjectBytesMax: 512,
  /** Longest time to live of a message, in seconds. */
  timeToLiveSecondsMax: 86_400,
  /** Longest message in the error document of a function, in characters; the rest is cut off. In JSON it stays below `responseBytesMax`. */
  errorDocumentLengthMax: 32_768,
  /** Longest error message that travels on records, in characters. */
  errorMessageLengthMax: 1024,
} as const;

/** Memory an instance may have, in MB. @see FunctionGraph API, function model */
export const memorySizesMb: readonly number[] = [
  128, 256, 512, 768, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096, 8192, 10240,
];

/** Tells whether an instance may have that much memory. */
export function isMemorySizeMb(memoryMb: number): boolean {
  return memorySizesMb.includes(memoryMb);
}
