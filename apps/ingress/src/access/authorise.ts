import { type FunctionUrn, parseFunctionUrn } from '#contracts';
import { isForAll, mayUse } from '#lifecycle';
import type { GuardedAccess } from '../document/route-spec.ts';
import { ApiError } from '../http/api-error.ts';
import type { Caller } from './caller.ts';

/** Returns why a caller may not use a function; undefined if they may. */
export function functionRefusal(caller: Caller, fn: Pick<FunctionUrn, 'package' | 'name'>): ApiError | undefined {
  return mayUse(caller, fn)
    ? undefined
    : new ApiError(
        'FSS.0403',
        `the access key is not for function ${fn.package}:${fn.name}, but for ${caller.functions.join(', ')}`,
      );
}

/** Returns why a caller may not use a route with these path parameters; undefined if they may. */
export function refusalOf(
  caller: Caller,
  { right, limitedBy, checksAccessItself = false }: GuardedAccess,
  params: Readonly<Record<string, string | undefined>>,
  region: string,
): ApiError | undefined {
  const { project } = params;
  if (project !== undefined && project !== caller.project)
    return new ApiError('FSS.0403', `the credentials are not of project ${project.slice(0, 64)}`);
  const rights = typeof right === 'string' ? [right] : right;
  if (!rights.some((one) => caller.rights.includes(one)))
    return new ApiError('FSS.0403', `the access key lacks the right ${rights.join(' or ')}`);
  if (isForAll(caller)) return undefined;
  if (limitedBy !== undefined) {
    const urn = parseFunctionUrn(params[limitedBy] ?? '', { region, project: caller.project });
    // The controller refuses a malformed URN with an error of its own.
    return urn === undefined ? undefined : functionRefusal(caller, urn);
  }
  // Keys that are limited to some functions may still read what belongs to the whole project.
  if (rights.includes('read') || checksAccessItself) return undefined;
  return new ApiError(
    'FSS.0403',
    `the access key is for functions ${caller.functions.join(', ')}, and this is of the whole project`,
  );
}
