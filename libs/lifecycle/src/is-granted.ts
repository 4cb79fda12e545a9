import { type AgencyDocument, type DestinationType, resourceOf, type Target } from '#contracts';
import { matchesPattern } from './matches-pattern.ts';

/**
 * Tells whether an agency grants the use of a target. A `*` in a grant matches any characters.
 * Without an agency nothing is granted.
 */
export function isGranted(agency: AgencyDocument | undefined, target: Target): boolean {
  return agency !== undefined && grants(agency, target.type, resourceOf(target));
}

/** Tells whether an agency grants a bucket, stream, topic or function by name. */
export function grants(agency: AgencyDocument, type: DestinationType, resource: string): boolean {
  return agency.grants.some((grant) => grant.type === type && matchesPattern(grant.resource, resource));
}
