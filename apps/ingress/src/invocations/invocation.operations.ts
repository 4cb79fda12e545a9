import { invocationTagsPattern, invocationTagsRule, limits, memorySizesMb } from '#contracts';
import { CancelDto } from './cancel.dto.ts';
import { functionCodes } from '../names/function-codes.ts';
import type { OperationSpec } from '../document/operation.ts';
import { functionUrn, inHeader, type Parameter, whole } from '../document/parameters.ts';

const common: readonly Parameter[] = [
  functionUrn,
  inHeader(
    'X-Cff-Instance-Memory',
    { type: 'string' },
    {
      description:
        `The memory of the instance for a function with \`enable_dynamic_memory\`, in MB: ${memorySizesMb.join(', ')}. ` +
        'Ignored for other functions.',
    },
  ),
  inHeader(
    'traceparent',
    { type: 'string' },
    { description: 'W3C trace context, passed on to the function. A malformed one is ignored.' },
  ),
];
const payloadReference = inHeader(
  'X-Sendoff-Payload-Ref',
  { type: 'string', pattern: '^[0-9a-f]{128}$' },
  { description: 'The `payload_ref` of an uploaded event. The body is then empty.' },
);
const event = {
  of: { type: 'object', description: 'The event that the function gets. A missing body counts as an empty object.' },
  isOptional: true,
  example: { name: 'world' },
} as const;

/** Operations on invocations. */
export const invocationOperations = {
  invokeAsync: {
    id: 'invokeFunctionAsync',
    tag: 'Invocations',
    right: 'invoke',
    shownWithoutRead: ['request_id'],
    reach: 'function',
    bodyBytesMax: limits.payloadBytesMax,
    summary: 'Accepts an invocation, which is in Kafka when the answer comes.',
    description: 'Other headers that begin with `X-Sendoff-` are refused, because they would have no effect.',
    parameters: [
      ...common,
      inHeader('X-Sendoff-Delay-Seconds', whole(0, limits.delaySecondsMax), {
        description: 'How long the first attempt waits.',
        example: 0,
      }),
      payloadReference,
      inHeader(
        'X-Sendoff-Tags',
        { type: 'string', pattern: invocationTagsPattern },
        {
          description: `Names by which the invocation is found: ${invocationTagsRule}.`,
          example: 'nightly,shop:7',
        },
      ),
      inHeader(
        'Idempotency-Key',
        { type: 'string', pattern: '^(?:[\\x21\\x23-\\x7e]{1,255}|"[\\x21\\x23-\\x7e]{1,255}")$' },
        {
          description: 'A name for this invocation. A request with the same key within a day does not run the function again.',
          example: 'order-4711',
        },
      ),
    ],
    body: event,
    answer: { status: 202, example: { request_id: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10' } },
    codes: [...functionCodes, 'FSS.0404', 'FSS.0409', 'FSS.0422', 'FSS.0429', 'FSS.0503'],
  },
  invoke: {
    id: 'invokeFunction',
    tag: 'Invocations',
    right: 'invoke',
    reach: 'function',
    bodyBytesMax: limits.syncBytesMax,
    summary: 'Runs a function and answers with what it returned.',
    description:
      'An error of the function is an answer with status 200 and `X-Is-Func-Err: true`. `X-Cff-Invoke-Summary` and ' +
      '`X-Cff-Billing-Duration` show time and memory. The call leaves no record and counts in no statistics. ' +
      'So `Idempotency-Key`, and headers that begin with `X-Sendoff-` except for the one below, are refused with 400.',
    parameters: [
      ...common,
      payloadReference,
      inHeader(
        'X-CFF-Request-Version',
        { type: 'string', enum: ['v0', 'v1', ''] },
        { description: '`v0`, the default: the value that the function returned. `v1`: a JSON object with that value as text.' },
      ),
      inHeader(
        'X-CFF-Log-Type',
        { type: 'string', enum: ['tail', ''] },
        {
          description:
            '`tail` asks for the end of the log, as Base64 in `X-CFF-Function-Log`. A caller without the right `read` gets no log.',
          example: 'tail',
        },
      ),
    ],
    body: event,
    answer: { status: 200, example: { greeting: 'hello world' } },
    codes: [...functionCodes, 'FSS.0404', 'FSS.0409', 'FSS.0429', 'FSS.0502', 'FSS.0503', 'FSS.0504', 'FSS.1201'],
  },
  cancel: {
    id: 'cancelAsyncInvocation',
    tag: 'Invocations',
    right: ['invoke', 'manage'],
    reach: 'function',
    summary: 'Cancels an asynchronous invocation; one that has ended stays as it ended.',
    parameters: [functionUrn],
    body: { of: CancelDto, example: { request_id: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10', type: 'force' } },
    answer: { status: 200 },
    codes: [...functionCodes, 'FSS.0503'],
  },
} as const satisfies Record<string, OperationSpec>;
