import type { OperationSpec } from '../document/operation.ts';
import { functionUrn } from '../document/parameters.ts';
import { TagsDto } from './tags.dto.ts';

const example = { tags: [{ key: 'team', value: 'orders' }] };
const common = { tag: 'Functions', reach: 'function', parameters: [functionUrn] } as const;
const codes = ['FSS.0503', 'FSS.1051', 'FSS.1052', 'FSS.1053', 'FSS.1309'] as const;

/** Operations on tags. */
export const tagOperations = {
  list: {
    ...common,
    id: 'listFunctionTags',
    right: 'read',
    summary: 'Shows the tags of a function.',
    answer: { status: 200, example: { ...example, sys_tags: [] } },
    codes: ['FSS.1051', 'FSS.1052', 'FSS.1053', 'FSS.1309'],
  },
  add: {
    ...common,
    id: 'createFunctionTags',
    right: 'manage',
    summary: 'Adds tags to a function; an existing key gets the new value.',
    body: { of: TagsDto, example },
    answer: { status: 204 },
    codes,
  },
  remove: {
    ...common,
    id: 'deleteFunctionTags',
    right: 'manage',
    summary: 'Removes tags of a function by key; unknown keys are ignored.',
    body: { of: TagsDto, example },
    answer: { status: 204 },
    codes,
  },
} as const satisfies Record<string, OperationSpec>;
