import { type FunctionDocument, type FunctionUrn, parseFunctionUrn } from '#contracts';
import { type FunctionName, isUnlimited, mayInvoke, mayPass, mayUse } from '#lifecycle';
import { type GuardedAccess, rightsOf } from '../document/route-spec.ts';
import { ApiError } from '../http/api-error.ts';
import type { Caller } from './caller.ts';

type FunctionAgencies = Pick<FunctionDocument, 'agency' | 'appAgency'>;

/** Returns why a caller may not use a function; undefined if they may. */
export function functionRefusal(caller: Caller, fn: Pick<FunctionUrn, 'package' | 'name'>): ApiError | undefined {
  return mayUse(caller, fn)
    ? undefined
    : new ApiError(
        'FSS.0403',
        `the access key is not for function ${fn.package}:${fn.name}, but for ${caller.functions.join(', ')}`,
      );
}

/**
 * Checks that a caller may let a function run. The answer depends on names alone, so it does not
 * tell whether the function exists.
 * @throws ApiError FSS.0403.
 */
export function checkMayInvoke(caller: Caller, fn: FunctionName): void {
  const refusal = functionRefusal(caller, fn);
  if (refusal !== undefined) throw refusal;
  if (!mayInvoke(caller, fn))
    throw new ApiError(
      'FSS.0403',
      `the access key lacks the right invoke, which it needs to let function ${fn.package}:${fn.name} run`,
    );
}

/**
 * Checks that a caller may pass an agency: hand it to a function, or use the agency of a function
 * for a target. The answer depends on the name alone.
 * @throws ApiError FSS.0403.
 */
export function checkMayPass(caller: Caller, agency: string): void {
  if (mayPass(caller, agency)) return;
  const own = caller.agencies.length === 0 ? 'none' : `only ${caller.agencies.join(', ')}`;
  throw new ApiError('FSS.0403', `the access key may not pass agency ${agency}; it may pass ${own}`);
}

/**
 * Checks that a caller may give a function its agencies. Agencies that the function had before
 * stay, whoever passed them.
 * @throws ApiError FSS.0403.
 */
export function checkAgencies(caller: Caller, after: FunctionAgencies, before: FunctionAgencies = {}): void {
  if (after.agency !== undefined && after.agency !== before.agency) checkMayPass(caller, after.agency);
  if (after.appAgency !== undefined && after.appAgency !== before.appAgency) checkMayPass(caller, after.appAgency);
}

/** Returns why a caller may not use a route with these path parameters; undefined if they may. */
export function refusalOf(
  caller: Caller,
  access: GuardedAccess,
  params: Readonly<Record<string, string | undefined>>,
  region: string,
): ApiError | undefined {
  const { project } = params;
  if (project !== undefined && project !== caller.project)
    return new ApiError('FSS.0403', `the credentials are not of project ${project.slice(0, 64)}`);
  const rights = rightsOf(access);
  if (!rights.some((one) => caller.rights.includes(one)))
    return new ApiError('FSS.0403', `the access key lacks the right ${rights.join(' or ')}`);
  if (access.reach === 'function') {
    const urn = parseFunctionUrn(params['urn'] ?? '', { region, project: caller.project });
    // The controller refuses a malformed URN with an error of its own.
    return urn === undefined ? undefined : functionRefusal(caller, urn);
  }
  if (access.reach !== 'project' || isUnlimited(caller)) return undefined;
  return new ApiError(
    'FSS.0403',
    'the access key is limited to some functions, agencies or topics, and this is of the whole project',
  );
}
