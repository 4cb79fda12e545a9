import { ApiError } from '../http/api-error.ts';
import type { Caller } from '../access/caller.ts';
import { knownName } from './check-reach.ts';
import type { RefusedTarget } from './check-target.ts';

/**
 * Returns the API error for a target that a policy may not name.
 * @param caller sees no names of functions and topics that are not its own.
 */
export function targetRefused(refused: RefusedTarget, caller: Caller): ApiError {
  const { kind, reason } = refused;
  switch (kind) {
    case 'function-absent':
      return new ApiError('FSS.1051', reason);
    case 'topic-absent':
      return new ApiError('FSS.1171', reason);
    case 'place-absent':
      return new ApiError('FSS.0404', reason);
    case 'not-granted':
      return new ApiError('FSS.1121', reason);
    case 'cycle':
      return new ApiError('FSS.0400', `${reason}: ${refused.path.map((name) => knownName(caller, name)).join(' -> ')}`);
    default:
      return kind satisfies never;
  }
}
