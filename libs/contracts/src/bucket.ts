/**
 * How a bucket may be called: 3..63 lower-case letters, digits, `-` and `.`, each part between dots from a letter or digit to a letter or
 * digit; nothing that reads as an IPv4 address, and no `xn--` at its beginning. What this lets through OBS, Amazon S3 and MinIO take.
 * @see OBS, bucket naming rules; Amazon S3, bucket naming rules
 */
export const bucketNamePattern =
  /^(?=.{3,63}$)(?!xn--)(?!.*\d\.\d+\.\d+\.\d)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** The same in words, for an error. */
export const bucketNameRule =
  'must be a bucket name: 3..63 lower-case letters, digits, - or ., each part between dots from a letter or digit to one, no IP address, not from xn--';
