import { ApiError } from '../http/api-error.ts';
import type { RefusedTarget } from './check-target.ts';

/** Returns the API error for a target that a policy may not name. */
export function targetRefused({ kind, reason }: RefusedTarget): ApiError {
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
      return new ApiError('FSS.0400', reason);
    default:
      return kind satisfies never;
  }
}
