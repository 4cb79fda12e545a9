import type { OperationSpec } from '../document/operation.ts';

/** What the operations on reserved instances say of themselves. */
export const reservedInstanceOperations = {
  list: {
    id: 'listReservedInstanceConfigs',
    tag: 'Functions',
    summary: 'Lists the settings of reserved instances: there are none.',
    answer: {
      status: 200,
      example: { reserved_instances: [], page_info: { next_marker: 0, previous_marker: 0, current_count: 0 }, count: 0 },
    },
  },
  listOfFunctions: {
    id: 'listReservedInstances',
    tag: 'Functions',
    summary: 'Lists reserved instances: there are none.',
    answer: {
      status: 200,
      example: { reservedinstances: [], page_info: { next_marker: 0, previous_marker: 0, current_count: 0 }, count: 0 },
    },
  },
} as const satisfies Record<string, OperationSpec>;
