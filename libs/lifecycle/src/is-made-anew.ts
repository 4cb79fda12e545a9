import { boundIdOf, type FunctionDocument, type Invocation } from '#contracts';

/** The function of an accepted event, as far as its record tells. */
export type AcceptedEvent = Pick<Invocation, 'functionId' | 'alias' | 'acceptedAt'>;

/** The function and the version that have the names of an event's function now. */
export interface NamesakesNow {
  /** The function, in its version `latest`. */
  readonly function: Pick<FunctionDocument, 'id' | 'createdAt'>;
  /** The version that has the name of the one that the event ran on; undefined if none has it. */
  readonly version: Pick<FunctionDocument, 'id' | 'versionId'> | undefined;
}

/**
 * Tells whether a function or version was removed, and made anew under its name, since an event was
 * accepted for it.
 *
 * An event is bound to the id in its record. The event of an alias is bound to the function only,
 * because the alias may choose another version. If the registry knows the id no more, the times
 * decide: a function that is younger than the event is another one.
 *
 * @returns false also if no version has the name any more.
 */
export function isMadeAnew({ functionId, alias, acceptedAt }: AcceptedEvent, { function: fn, version }: NamesakesNow): boolean {
  const isYounger = fn.createdAt > acceptedAt;
  if (functionId === undefined) return isYounger;
  if (version !== undefined && boundIdOf(version) === functionId) return version.id !== fn.id;
  return alias === undefined ? version !== undefined : functionId !== fn.id && isYounger;
}
