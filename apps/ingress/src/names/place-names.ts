import { bucketNamePattern } from '#contracts';
import { ApiError } from '../http/api-error.ts';

/** How agencies, buckets and streams may be called. */
export const placeNames = {
  agencies: /^[A-Za-z0-9_-]{1,64}$/,
  buckets: bucketNamePattern,
  streams: /^[A-Za-z0-9_-]{1,64}$/,
} as const;

/** @throws ApiError FSS.0400. */
export function checkName(kind: keyof typeof placeNames, name: string): void {
  if (!placeNames[kind].test(name)) throw new ApiError('FSS.0400', `not a name for ${kind}: ${name.slice(0, 100)}`);
}
