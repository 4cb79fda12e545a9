import type { OperationSpec } from '../document/operation.ts';
import { functionUrn } from '../document/parameters.ts';

/** Operations on reserved instances. */
export const reservedInstanceOperations = {
  list: {
    id: 'listReservedInstanceConfigs',
    tag: 'Functions',
    right: 'read',
    reach: 'everyone',
    summary: 'Lists the settings of reserved instances; the list is always empty.',
    answer: {
      status: 200,
      example: { reserved_instances: [], page_info: { next_marker: 0, previous_marker: 0, current_count: 0 }, count: 0 },
    },
  },
  listOfFunctions: {
    id: 'listReservedInstances',
    tag: 'Functions',
    right: 'read',
    reach: 'everyone',
    summary: 'Lists reserved instances; the list is always empty.',
    answer: {
      status: 200,
      example: { reservedinstances: [], page_info: { next_marker: 0, previous_marker: 0, current_count: 0 }, count: 0 },
    },
  },
  /** Always fails, so the document leaves it out. */
  reserve: {
    id: 'updateReservedInstances',
    tag: 'Functions',
    right: 'manage',
    reach: 'function',
    summary: 'Refuses to reserve instances.',
    parameters: [functionUrn],
    answer: { status: 200 },
  },
} as const satisfies Record<string, OperationSpec>;
