import { type FunctionUrn, parseFunctionUrn } from '#contracts';
import { isForAll, mayUse } from '#lifecycle';
import { ApiError } from '../http/api-error.ts';
import type { Caller } from './caller.ts';
import { functionParameter, judgesItself, neededRights } from './needed-right.ts';

/** A request as far as rights look at it. */
export interface Routed {
  readonly method: string;
  /** As it was declared, e.g. `/v2/:project/fgs/functions/:urn/config`. */
  readonly route: string;
  readonly params: Readonly<Record<string, string | undefined>>;
}

/** @returns why a caller may not use a function; undefined where they may. */
export function functionRefusal(caller: Caller, fn: Pick<FunctionUrn, 'package' | 'name'>): ApiError | undefined {
  return mayUse(caller, fn)
    ? undefined
    : new ApiError(
        'FSS.0403',
        `the access key is not for function ${fn.package}:${fn.name}, but for ${caller.functions.join(', ')}`,
      );
}

/** Why a caller may not do what a request asks for; undefined where they may. */
export function refusalOf(caller: Caller, { method, route, params }: Routed, region: string): ApiError | undefined {
  const { project } = params;
  if (project !== undefined && project !== caller.project)
    return new ApiError('FSS.0403', `the credentials are not of project ${project.slice(0, 64)}`);
  const rights = neededRights(method, route);
  if (!rights.some((right) => caller.rights.includes(right)))
    return new ApiError('FSS.0403', `the access key lacks the right ${rights.join(' or ')}`);
  if (isForAll(caller)) return undefined;
  const parameter = functionParameter(route);
  if (parameter !== undefined) {
    const urn = parseFunctionUrn(params[parameter] ?? '', { region, project: caller.project });
    // What names no function is refused by the route, in its own words.
    return urn === undefined ? undefined : functionRefusal(caller, urn);
  }
  if (rights.includes('read') || judgesItself(route)) return undefined;
  return new ApiError(
    'FSS.0403',
    `the access key is for functions ${caller.functions.join(', ')}, and this is of the whole project`,
  );
}
