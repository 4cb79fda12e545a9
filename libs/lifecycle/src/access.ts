import type { Access, CredentialDocument, FunctionUrn } from '#contracts';
import { matchesPattern } from './matches-pattern.ts';

/** The names by which a function is matched. */
export type FunctionName = Pick<FunctionUrn, 'package' | 'name'>;

/** Patterns that cover every name. */
const everyName: readonly string[] = ['*'];

/** A pattern without a package is one for functions of any package. */
function withPackage(pattern: string): string {
  return pattern.includes(':') ? pattern : `*:${pattern}`;
}

function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, name));
}

/** May somebody do anything at all with this function? */
export function mayUse({ functions }: Pick<Access, 'functions'>, fn: FunctionName): boolean {
  return matchesAny(functions.map(withPackage), `${fn.package}:${fn.name}`);
}

/** May somebody let this function run: by a call, a destination, a subscription or a message? */
export function mayInvoke(access: Pick<Access, 'rights' | 'functions'>, fn: FunctionName): boolean {
  return access.rights.includes('invoke') && mayUse(access, fn);
}

/** May somebody hand this agency to a function, or use the agency of a function for a target? */
export function mayPass({ agencies }: Pick<Access, 'agencies'>, agency: string): boolean {
  return matchesAny(agencies, agency);
}

/** May somebody do anything at all with the pub/sub topic of this name? */
export function mayUseTopic({ topics }: Pick<Access, 'topics'>, name: string): boolean {
  return matchesAny(topics, name);
}

/** True if the patterns of functions cover every function of a project. */
function coversEveryFunction(functions: readonly string[]): boolean {
  return functions.some((pattern) => withPackage(pattern) === '*:*');
}

/**
 * True if the access is for all functions, agencies and topics of a project. Only such a caller may
 * change what belongs to the whole project.
 */
export function isUnlimited({ functions, agencies, topics }: Omit<Access, 'rights'>): boolean {
  return coversEveryFunction(functions) && agencies.includes('*') && topics.includes('*');
}

/**
 * The patterns of agencies and topics that a key has if it names none: all for a key for all
 * functions, else none.
 */
export function patternsByDefault(functions: readonly string[]): readonly string[] {
  return coversEveryFunction(functions) ? everyName : [];
}

/** The access of a key. Older documents name neither agencies nor topics. */
export function accessOf({ rights, functions, agencies, topics }: CredentialDocument): Access {
  const byDefault = patternsByDefault(functions);
  return { rights, functions, agencies: agencies ?? byDefault, topics: topics ?? byDefault };
}

/** A pattern covers another one if it matches the other's text: no name contains `*`. */
function coverPatterns(outer: readonly string[], inner: readonly string[]): boolean {
  return inner.every((pattern) => matchesAny(outer, pattern));
}

/** True if one access covers another. A caller may give only access that it has itself. */
export function covers(holder: Access, held: Access): boolean {
  return (
    held.rights.every((right) => holder.rights.includes(right)) &&
    coverPatterns(holder.functions.map(withPackage), held.functions.map(withPackage)) &&
    coverPatterns(holder.agencies, held.agencies) &&
    coverPatterns(holder.topics, held.topics)
  );
}
