/** Injection token of the `BucketReader` of the buckets that notifications go to. */
export const BUCKET_READER = Symbol('bucket reader');
