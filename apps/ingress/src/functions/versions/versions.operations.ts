import { functionCodes } from '../../names/function-codes.ts';
import { exampleFunction, functionPageParameters, identityFields } from '../functions.operations.ts';
import type { OperationSpec } from '../../document/operation.ts';
import { functionUrn } from '../../document/parameters.ts';
import { PublishVersionDto } from './version.dto.ts';

const published = {
  ...exampleFunction,
  func_urn: exampleFunction.func_urn.replace(/latest$/, 'v1'),
  version: 'v1',
  image_name: 'v1-261125094500@6f1c3c',
  version_description: 'The first.',
};

/** Operations on versions. */
export const versionOperations = {
  publish: {
    id: 'publishVersion',
    tag: 'Versions and aliases',
    right: 'manage',
    shownWithoutRead: identityFields,
    reach: 'function',
    summary: 'Publishes a version: a copy of the function and its policy.',
    parameters: [functionUrn],
    body: { of: PublishVersionDto, isOptional: true, example: { version: 'v1', description: 'The first.' } },
    answer: { status: 200, example: published },
    codes: [...functionCodes, 'FSS.0503', 'FSS.1015', 'FSS.1016', 'FSS.1019', 'FSS.1042', 'FSS.1062'],
  },
  list: {
    id: 'listVersions',
    tag: 'Versions and aliases',
    right: 'read',
    reach: 'function',
    summary: 'Lists the versions of a function, `latest` first, then the newest.',
    parameters: [functionUrn, ...functionPageParameters],
    answer: { status: 200, example: { versions: [exampleFunction, published], next_marker: 2, count: 2 } },
    codes: [...functionCodes, 'FSS.1001'],
  },
} as const satisfies Record<string, OperationSpec>;
