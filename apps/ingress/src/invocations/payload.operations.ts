import { payloadBytesLimit } from '#objects';
import type { OperationSpec } from '../document/operation.ts';
import { functionUrn, inHeader, inPath } from '../document/parameters.ts';
import { functionCodes } from '../names/function-codes.ts';

const reference =
  '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae';

/** Operations on payloads that are too large for a record. */
export const payloadOperations = {
  upload: {
    id: 'uploadPayload',
    tag: 'Invocations',
    right: 'invoke',
    shownWithoutRead: ['payload_ref', 'bytes', 'sha256', 'usable_until'],
    reach: 'function',
    bodyBytesMax: payloadBytesLimit,
    summary: 'Stores an event that is too large for an invocation, and answers its reference.',
    description:
      'An invocation of the function names it in `X-Sendoff-Payload-Ref`, or in the Kafka header `sendoff-payload-ref`, within 24 h. ' +
      'STORED_PAYLOAD_BYTES_MAX limits one payload, 16 MB by default.',
    parameters: [
      functionUrn,
      inHeader(
        'X-Sendoff-Payload-Sha256',
        { type: 'string', pattern: '^[0-9a-fA-F]{64}$' },
        { description: 'The SHA-256 of the payload. The upload is refused if another one arrived.' },
      ),
    ],
    body: { of: { type: 'object', description: 'The event.' }, example: { name: 'world' } },
    answer: {
      status: 201,
      example: {
        payload_ref: reference,
        bytes: 4_194_304,
        sha256: reference.slice(0, 64),
        usable_until: '2026-11-26T09:45:00+00:00',
      },
      leadsTo: { downloadPayload: { reference: '/payload_ref' } },
    },
    codes: [...functionCodes, 'FSS.0503'],
  },
  download: {
    id: 'downloadPayload',
    tag: 'Invocations',
    right: 'read',
    reach: 'function',
    summary: 'Returns a stored payload of a function: an uploaded event, or a large return value.',
    description: 'Notifications name them in `request_payload_ref` and `response_payload_ref`.',
    parameters: [
      functionUrn,
      inPath(
        'reference',
        { type: 'string', minLength: 1, maxLength: 128 },
        { description: 'The reference of the payload.', example: reference },
      ),
    ],
    answer: { status: 200, example: { name: 'world' } },
    codes: ['FSS.0404', 'FSS.0503', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
