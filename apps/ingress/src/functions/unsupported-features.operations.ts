import type { OperationSpec } from '../document/operation.ts';
import { functionUrn } from '../document/parameters.ts';

const codes = ['FSS.1051', 'FSS.1052', 'FSS.1053', 'FSS.1309'] as const;
const ofFunction = { tag: 'Functions', reach: 'function', parameters: [functionUrn], codes } as const;

/** Operations of unsupported features. */
export const unsupportedFeatureOperations = {
  triggers: {
    id: 'listTriggers',
    tag: 'Functions',
    right: 'read',
    reach: 'everyone',
    summary: 'Lists triggers; the list is always empty.',
    answer: { status: 200, example: { triggers: [], next_marker: 0, count: 0 } },
  },
  triggersOfFunction: {
    ...ofFunction,
    id: 'listFunctionTriggers',
    right: 'read',
    summary: 'Lists the triggers of a function; the list is always empty.',
    answer: { status: 200, example: [] },
  },
  removeTriggers: {
    ...ofFunction,
    id: 'deleteFunctionTriggers',
    right: 'manage',
    summary: 'Removes the triggers of a function, which has none.',
    answer: { status: 204 },
  },
  events: {
    ...ofFunction,
    id: 'listFunctionEvents',
    right: 'read',
    summary: 'Lists the test events of a function; the list is always empty.',
    answer: { status: 200, example: { events: [], next_marker: 0, count: 0 } },
  },
  dependencies: {
    id: 'listDependencies',
    tag: 'Functions',
    right: 'read',
    reach: 'everyone',
    summary: 'Lists dependency packages; the list is always empty.',
    answer: { status: 200, example: { dependencies: [], next_marker: 0, count: 0 } },
  },
  quotas: {
    id: 'listQuotas',
    tag: 'Functions',
    right: 'read',
    reach: 'everyone',
    summary: 'Lists the quotas of the project; the list is always empty.',
    answer: { status: 200, example: { quotas: { resources: [] } } },
  },
  logDetail: {
    ...ofFunction,
    id: 'showFunctionLogDetail',
    right: 'read',
    summary: 'Shows the log group and stream in the configuration of a function.',
    description: 'Sendoff stores these names and writes no logs there.',
    answer: { status: 200, example: { group_name: '', group_id: '', stream_id: '', stream_name: '' } },
  },
} as const satisfies Record<string, OperationSpec>;
