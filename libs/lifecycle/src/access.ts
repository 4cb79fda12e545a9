import type { Access } from '#contracts';
import { matchesPattern } from './is-granted.ts';

/** A pattern without a package is one for functions of any package. */
function withPackage(pattern: string): string {
  return pattern.includes(':') ? pattern : `*:${pattern}`;
}

/** May somebody do anything at all with this function? */
export function mayUse(
  { functions }: Pick<Access, 'functions'>,
  fn: { readonly package: string; readonly name: string },
): boolean {
  return functions.some((pattern) => matchesPattern(withPackage(pattern), `${fn.package}:${fn.name}`));
}

/** True if the access covers every function of a project. */
export function isForAll({ functions }: Pick<Access, 'functions'>): boolean {
  return functions.some((pattern) => withPackage(pattern) === '*:*');
}

/**
 * True if one access covers another. A caller may give only access that it has itself.
 *
 * A pattern covers another one if it matches the other's text. No name contains `*`, so only a `*`
 * of the first pattern can match a `*` of the second.
 */
export function covers(holder: Access, held: Access): boolean {
  return (
    held.rights.every((right) => holder.rights.includes(right)) &&
    held.functions.every((inner) => holder.functions.some((outer) => matchesPattern(withPackage(outer), withPackage(inner))))
  );
}
