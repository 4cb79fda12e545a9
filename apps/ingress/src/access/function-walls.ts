import { isUnlimited } from '#lifecycle';
import type { IsolationLevel } from '#platform';
import { type GuardedAccess, rightsOf } from '../document/route-spec.ts';
import { ApiError } from '../http/api-error.ts';
import type { Caller } from './caller.ts';

/** How strong the walls around functions are in this installation. */
export interface FunctionWalls {
  /** The weakest level of all executors; undefined while one of them does not tell. */
  level(): IsolationLevel | undefined;
}

/**
 * Returns why a limited key may not change anything; undefined if it may. A key that replaces the
 * code of a function runs that code. Only walls of the kernel keep such code from what other keys
 * own, unless the operator trusts all code.
 * @param isTrusted True if the operator declares that all code is trusted.
 */
export function wallsRefusal(
  caller: Caller,
  access: Pick<GuardedAccess, 'right'>,
  walls: FunctionWalls,
  isTrusted: boolean,
): ApiError | undefined {
  if (isTrusted || isUnlimited(caller)) return undefined;
  if (rightsOf(access).some((one) => one !== 'manage' && caller.rights.includes(one))) return undefined;
  const level = walls.level();
  if (level === 'kernel') return undefined;
  const found =
    level === undefined ? 'an executor does not tell its walls around functions' : `functions run at isolation level ${level}`;
  return new ApiError(
    'FSS.1099',
    `a limited access key may not manage while ${found}. Install what the executor misses for level kernel ` +
      '(its log and docs/isolation.md name it). Or use an unlimited key, or set FUNCTION_ISOLATION=none if all code is trusted',
  );
}
