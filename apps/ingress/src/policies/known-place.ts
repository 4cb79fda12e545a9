import { type PlaceDocument, placeKind, type PlaceType } from '#contracts';
import { grants, isUnlimited, mayPass } from '#lifecycle';
import type { Registry } from '#registry';
import type { Caller } from '../access/caller.ts';
import { ApiError } from '../http/api-error.ts';

/**
 * Whether a bucket or stream exists for a caller: for a limited one, if an agency that it may pass
 * grants the place.
 */
export function mayKnowPlace(registry: Registry, caller: Caller, type: PlaceType, name: string): boolean {
  if (isUnlimited(caller)) return true;
  return registry.list('agency', caller.project).some((agency) => mayPass(caller, agency.name) && grants(agency, type, name));
}

/** @throws ApiError FSS.0404 if no such place exists, or the caller may not know of it. */
export function placeOf(registry: Registry, caller: Caller, type: PlaceType, name: string): PlaceDocument {
  const place = registry.place(caller.project, type, name);
  if (place === undefined || !mayKnowPlace(registry, caller, type, name))
    throw new ApiError('FSS.0404', `no ${placeKind(type).word} ${name.slice(0, 100)}`);
  return place;
}
