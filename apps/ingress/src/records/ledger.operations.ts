import type { OperationSpec } from '../document/operation.ts';
import { exampleProject, functionUrn, inQuery, wholeOrEmpty } from '../document/parameters.ts';
import { functionCodes } from '../names/function-codes.ts';

/** Bounds of a page of functions. */
export const ledgerBounds = { limitDefault: 50, limitMax: 100, urnLengthMax: 300 } as const;

const { limitDefault, limitMax, urnLengthMax } = ledgerBounds;

/** The parameters of a page of functions. */
export const functionPageParameters = [
  inQuery('limit', wholeOrEmpty(1, limitMax), {
    description: `How many functions to show; by default ${limitDefault}.`,
    example: 10,
  }),
  inQuery(
    'marker',
    { type: 'string', maxLength: urnLengthMax },
    { description: 'Show functions after this URN: the `next_marker` of the page before.' },
  ),
] as const;

const exampleUrn = `urn:fss:local:${exampleProject}:function:default:hello:latest`;
const counts = {
  accepted: 1_204,
  settled: 1_200,
  in_flight: 4,
  delayed: 1,
  queued: 2,
  running: 1,
  conditions: { Success: 1_198, InvocationTimeout: 2 },
  notices: { pending: 0, delivered: 1_199, undelivered: 1 },
  rejected: { total: 3, reasons: { 'record-malformed': 3 } },
};
const ofNoFunction = { rejected: { total: 1, reasons: { 'function-unknown': 1 } } };
const ofAll = { ...counts, rejected: { total: 4, reasons: { 'record-malformed': 3, 'function-unknown': 1 } } };
const unaccounted = { is_proven: true, proven_at: '2026-11-25T09:45:00.000Z', count: 0, invocations: [] };

/** Operations on the ledger. */
export const ledgerOperations = {
  project: {
    id: 'listLedger',
    tag: 'Invocations',
    right: 'read',
    reach: 'list',
    summary: 'Shows how many invocations of each function were accepted, have ended and are in flight.',
    description:
      'A key for all functions also sees the total of the project. `unaccounted` lists accepted invocations that were lost; none is. ' +
      '`rejected` counts records of the Kafka topic `intake` that were refused. `no_function` counts those that name no function, of all projects.',
    parameters: [...functionPageParameters],
    answer: {
      status: 200,
      example: {
        functions: [{ func_urn: exampleUrn, ...counts }],
        next_marker: '',
        unaccounted,
        no_function: ofNoFunction,
        total: ofAll,
      },
    },
    codes: ['FSS.0503', 'FSS.1001'],
  },
  ofFunction: {
    id: 'showFunctionLedger',
    tag: 'Invocations',
    right: 'read',
    reach: 'function',
    summary: 'Shows how many invocations of a function were accepted, have ended and are in flight.',
    parameters: [functionUrn],
    answer: { status: 200, example: { func_urn: exampleUrn, ...counts, unaccounted } },
    codes: ['FSS.0503', ...functionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
