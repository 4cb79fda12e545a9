import type { OperationSpec } from '../document/operation.ts';
import { functionUrn, inPath } from '../document/parameters.ts';
import { functionCodes } from '../names/function-codes.ts';

/** The longest request id in a path. */
export const requestIdMax = 64;

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
    parameters: [
      functionUrn,
      inPath(
        'requestId',
        { type: 'string', minLength: 1, maxLength: requestIdMax },
        { description: 'The request id of the invocation.', example: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10' },
      ),
    ],
    answer: { status: 200, example: { kept: 'no', reason: 'No record with the payload is known.' } },
    codes: ['FSS.0404', 'FSS.0503', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
