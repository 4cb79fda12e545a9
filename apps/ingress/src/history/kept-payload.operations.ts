import type { OperationSpec } from '../document/operation.ts';
import { functionUrn } from '../document/parameters.ts';
import { functionCodes } from '../names/function-codes.ts';
import { requestIdInPath } from './invocation-in-path.ts';

/** The operation that shows the payload of an invocation. */
export const keptPayloadOperations = {
  show: {
    id: 'showInvocationPayload',
    tag: 'Invocations',
    right: 'read',
    reach: 'function',
    summary: 'Shows the payload of an invocation, as far as it is kept.',
    description:
      '`kept` is `record` if a topic still holds it: `payload` is then its JSON text. It is `store` for a large payload: ' +
      '`payload_ref` names it for `downloadPayload`. It is `no` otherwise, and `reason` says why.',
    parameters: [functionUrn, requestIdInPath],
    answer: { status: 200, example: { kept: 'no', reason: 'No record with the payload is known.' } },
    codes: ['FSS.0404', 'FSS.0503', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
