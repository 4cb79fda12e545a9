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

/** Is no function of the project out of somebody's reach? */
export function isForAll({ functions }: Pick<Access, 'functions'>): boolean {
  return functions.some((pattern) => withPackage(pattern) === '*:*');
}

/**
 * Does one access hold all that another holds? Whoever gives access must hold what is given.
 *
 * A pattern holds another one when it fits its text: a `*` of the held one is then taken in by a `*` of the holder, as no name has one.
 */
export function covers(holder: Access, held: Access): boolean {
  return (
    held.rights.every((right) => holder.rights.includes(right)) &&
    held.functions.every((inner) => holder.functions.some((outer) => matchesPattern(withPackage(outer), withPackage(inner))))
  );
}
