import { placeKind, type PlaceType } from '#contracts';
import { ApiError } from '../http/api-error.ts';

/** The form of an agency's name. */
export const agencyNamePattern = /^[A-Za-z0-9_-]{1,64}$/;

/** Checks the name of an agency. @throws ApiError FSS.0400. */
export function checkAgencyName(name: string): void {
  if (!agencyNamePattern.test(name)) throw notAName('agencies', name);
}

/** Checks the name of a bucket or stream. @throws ApiError FSS.0400. */
export function checkPlaceName(type: PlaceType, name: string): void {
  const { namePattern, path } = placeKind(type);
  if (!namePattern.test(name)) throw notAName(path, name);
}

function notAName(kind: string, name: string): ApiError {
  return new ApiError('FSS.0400', `not a name for ${kind}: ${name.slice(0, 100)}`);
}
