import { AliasRoutingDto, CreateAliasDto } from './alias.dto.ts';
import type { ApiCode } from '../../http/api-codes.ts';
import { functionCodes } from '../../names/function-codes.ts';
import type { OperationSpec } from '../../document/operation.ts';
import { exampleProject, functionUrn, inPath } from '../../document/parameters.ts';

const aliasName = inPath(
  'alias',
  { type: 'string', minLength: 1, maxLength: 512 },
  { description: 'The name of an alias, without `!`.', example: 'stable' },
);
const setCodes: readonly ApiCode[] = [
  ...functionCodes,
  ...(['FSS.0503', 'FSS.1015', 'FSS.1019', 'FSS.1066', 'FSS.1091', 'FSS.1092', 'FSS.1093'] as const),
];
const shown = {
  name: 'stable',
  version: 'v1',
  description: 'Used by the shop.',
  last_modified: '2026-11-25T09:45:00+00:00',
  alias_urn: `urn:fss:local:${exampleProject}:function:default:hello:!stable`,
};

/** Operations on aliases. */
export const aliasOperations = {
  create: {
    id: 'createAlias',
    tag: 'Versions and aliases',
    right: 'manage',
    shownWithoutRead: ['name', 'version', 'alias_urn', 'last_modified'],
    reach: 'function',
    summary: 'Creates an alias for one version, or for two versions that share its invocations.',
    description:
      '`additional_version_weights` maps a second version to its percentage of invocations. `additional_version_strategy` maps it ' +
      'to conditions on the headers or cookies of an invocation.',
    parameters: [functionUrn],
    body: { of: CreateAliasDto, example: { name: 'stable', version: 'v1', description: 'Used by the shop.' } },
    answer: { status: 200, example: shown },
    codes: [...setCodes, 'FSS.1014', 'FSS.1043', 'FSS.1063'],
  },
  list: {
    id: 'listAliases',
    tag: 'Versions and aliases',
    right: 'read',
    reach: 'function',
    summary: 'Lists the aliases of a function, by name.',
    parameters: [functionUrn],
    answer: { status: 200, example: [shown] },
    codes: functionCodes,
  },
  show: {
    id: 'showAlias',
    tag: 'Versions and aliases',
    right: 'read',
    reach: 'function',
    summary: 'Shows an alias.',
    parameters: [functionUrn, aliasName],
    answer: { status: 200, example: shown },
    codes: functionCodes,
  },
  update: {
    id: 'updateAlias',
    tag: 'Versions and aliases',
    right: 'manage',
    shownWithoutRead: ['name', 'version', 'alias_urn', 'last_modified'],
    reach: 'function',
    summary: 'Replaces the routing of an alias.',
    parameters: [functionUrn, aliasName],
    body: { of: AliasRoutingDto, example: { version: 'v1', description: 'Used by the shop.' } },
    answer: { status: 200, example: shown },
    codes: setCodes,
  },
  remove: {
    id: 'deleteAlias',
    tag: 'Versions and aliases',
    right: 'manage',
    reach: 'function',
    summary: 'Removes an alias; its version stays.',
    parameters: [functionUrn, aliasName],
    answer: { status: 204 },
    codes: [...functionCodes, 'FSS.0503'],
  },
} as const satisfies Record<string, OperationSpec>;
