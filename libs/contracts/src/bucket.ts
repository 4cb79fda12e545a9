/**
 * Matches names of buckets that OBS, Amazon S3 and MinIO accept: 3..63 lower-case letters, digits,
 * `-` and `.`. Each part between dots begins and ends with a letter or digit. The name is no IPv4
 * address and does not begin with `xn--`.
 * @see OBS, bucket naming rules; Amazon S3, bucket naming rules
 */
export const bucketNamePattern =
  /^(?=.{3,63}$)(?!xn--)(?!.*\d\.\d+\.\d+\.\d)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** The same rule in words, for error messages. */
export const bucketNameRule =
  'must be a bucket name: 3..63 lower-case letters, digits, - or ., each part between dots from a letter or digit to one, no IP address, not from xn--';
