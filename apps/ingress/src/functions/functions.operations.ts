import type { ApiCode } from '../http/api-codes.ts';
import { CreateFunctionDto, FunctionCodeDto, FunctionConfigDto, functionFieldCodes, MaxInstancesDto } from './function.dto.ts';
import type { OperationSpec } from '../document/operation.ts';
import { exampleProject, functionUrn, inQuery, type Parameter, wholeOrEmpty } from '../document/parameters.ts';
import { functionPageMax } from '../http/query.ts';
import { codeBodyBytesMax } from '../http/body-sizes.ts';
import { functionCodes } from '../names/function-codes.ts';

/** Query parameters for one page of functions or versions. */
export const functionPageParameters: readonly Parameter[] = [
  inQuery('marker', wholeOrEmpty(0, Number.MAX_SAFE_INTEGER), {
    description: 'Number of entries to skip: the `next_marker` of the previous page.',
    example: 0,
  }),
  inQuery('maxitems', wholeOrEmpty(0, Number.MAX_SAFE_INTEGER), {
    description: `Number of entries to return. 0, or more than ${functionPageMax}, means ${functionPageMax}.`,
    example: 10,
  }),
];

/** Error codes of refused code. */
export const codeCodes: readonly ApiCode[] = ['FSS.0429', 'FSS.1006', 'FSS.1011', 'FSS.1012', 'FSS.1071', 'FSS.1072'];

const fieldCodes: readonly ApiCode[] = [...Object.values(functionFieldCodes), 'FSS.1017', 'FSS.1018'];

/** `exports.handler = async (event) => ({ greeting: `hello ${event.name}` });` */
const code = 'ZXhwb3J0cy5oYW5kbGVyID0gYXN5bmMgKGV2ZW50KSA9PiAoeyBncmVldGluZzogYGhlbGxvICR7ZXZlbnQubmFtZX1gIH0pOw==';
const digest =
  'c69fbcee5da8c0ebd7a9d1d544bcff0e9be1ed3a91d06de23eb46210e3eb995218e340e00c4c6832e5fa6bfb59f5f7cb35dc3f8e2058210bb6a2b4a0abddc6b9';

/** The same source, as `index.js` in a ZIP. */
const archive =
  'UEsDBBQAAAAAAKBNeV2RdKixSQAAAEkAAAAIAAAAaW5kZXguanNleHBvcnRzLmhhbmRsZXIgPSBhc3luYyAoZXZlbnQpID0+ICh7IGdyZWV0aW5nOiBgaGVsbG8gJHtldmVudC5uYW1lfWAgfSk7' +
  'UEsBAhQDFAAAAAAAoE15XZF0qLFJAAAASQAAAAgAAAAAAAAAAAAAAKQBAAAAAGluZGV4LmpzUEsFBgAAAAABAAEANgAAAG8AAAAAAA==';

const config = {
  func_name: 'hello',
  runtime: 'Node.js20.15',
  handler: 'index.handler',
  timeout: 3,
  memory_size: 128,
  xrole: 'results',
  description: 'Greets by name.',
};
const identity = {
  func_urn: `urn:fss:local:${exampleProject}:function:default:hello:latest`,
  func_name: 'hello',
  domain_id: exampleProject,
  runtime: 'Node.js20.15',
  code_type: 'inline',
  code_url: '',
  code_size: 73,
  digest,
  last_modified: '2026-11-25T09:45:00+00:00',
};
/** A function in the form of answers. */
export const exampleFunction = {
  ...identity,
  func_id: '6f1c3c2e-8a51-4f0e-9f4b-0a9c5b7d2e11',
  resource_id: '6f1c3c2e-8a51-4f0e-9f4b-0a9c5b7d2e11:hello',
  namespace: exampleProject,
  project_name: exampleProject,
  package: 'default',
  handler: 'index.handler',
  timeout: 3,
  memory_size: 128,
  cpu: 300,
  user_data: '',
  encrypted_user_data: '',
  enable_dynamic_memory: false,
  version: 'latest',
  image_name: 'latest-261125094500@6f1c3c',
  xrole: 'results',
  app_xrole: '',
  description: 'Greets by name.',
  strategy_config: { concurrency: 400, concurrent_num: 1 },
  reserved_instance_count: 0,
  long_time: false,
  ephemeral_storage: 512,
};

const exampleArchiveUrl = `http://127.0.0.1:8700/v2/${exampleProject}/sendoff/functions/${identity.func_urn}/archive`;

/** The fields of a changed function that a caller without the right to read gets. */
export const identityFields = [
  ...['func_id', 'resource_id', 'func_urn', 'func_name', 'domain_id', 'namespace', 'project_name', 'package'],
  ...['version', 'last_modified'],
] as const;

/** Operations on functions. */
export const functionOperations = {
  create: {
    id: 'createFunction',
    tag: 'Functions',
    right: 'manage',
    reach: 'body',
    shownWithoutRead: identityFields,
    bodyBytesMax: codeBodyBytesMax,
    fileField: ['func_code', 'file'],
    summary: 'Creates a function.',
    body: { of: CreateFunctionDto, example: { ...config, package: 'default', code_type: 'inline', func_code: { file: code } } },
    answer: { status: 200, example: exampleFunction },
    codes: [...fieldCodes, ...codeCodes, 'FSS.0503', 'FSS.1041', 'FSS.1061'],
  },
  list: {
    id: 'listFunctions',
    tag: 'Functions',
    right: 'read',
    reach: 'list',
    summary: 'Lists the functions of the project, by URN.',
    parameters: [
      ...functionPageParameters,
      inQuery('package_name', { type: 'string' }, { description: 'Only functions of this package.' }),
      inQuery('func_name', { type: 'string' }, { description: 'Only functions whose name contains this text.', example: 'hel' }),
    ],
    answer: { status: 200, example: { functions: [exampleFunction], next_marker: 1, count: 1 } },
    codes: ['FSS.1001'],
  },
  config: {
    id: 'showFunctionConfig',
    tag: 'Functions',
    right: 'read',
    reach: 'function',
    summary: 'Shows the configuration of a function.',
    parameters: [functionUrn],
    answer: { status: 200, example: exampleFunction },
    codes: functionCodes,
  },
  code: {
    id: 'showFunctionCode',
    tag: 'Functions',
    right: 'read',
    reach: 'function',
    summary: 'Shows the code of a function.',
    parameters: [functionUrn],
    answer: {
      status: 200,
      example: { ...identity, strategy_config: exampleFunction.strategy_config, func_code: { file: code, link: '' } },
    },
    codes: functionCodes,
  },
  archive: {
    id: 'downloadFunctionArchive',
    tag: 'Functions',
    right: 'read',
    reach: 'function',
    summary: 'Downloads the code of a function as a ZIP.',
    parameters: [functionUrn],
    answer: { status: 200, mediaType: 'application/zip', example: 'PK' },
    codes: [...functionCodes, 'FSS.0404', 'FSS.0503'],
  },
  callSecret: {
    id: 'showCallSecret',
    tag: 'Functions',
    right: 'manage',
    reach: 'function',
    shownWithoutRead: ['secret'],
    summary: 'Shows the secret that signs the calls to the `code_url` of a function.',
    description: 'The signature is one of Standard Webhooks. All versions of a function share the secret.',
    parameters: [functionUrn],
    answer: { status: 200, example: { secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' } },
    codes: functionCodes,
  },
  updateConfig: {
    id: 'updateFunctionConfig',
    tag: 'Functions',
    right: 'manage',
    shownWithoutRead: identityFields,
    reach: 'function',
    summary: 'Replaces the configuration of a function; its code stays.',
    parameters: [functionUrn],
    body: { of: FunctionConfigDto, example: { ...config, timeout: 10, user_data: '{"LANGUAGE": "en"}' } },
    answer: { status: 200, example: { ...exampleFunction, timeout: 10, user_data: '{"LANGUAGE":"en"}' } },
    codes: [...functionCodes, ...fieldCodes, 'FSS.0503'],
  },
  updateCode: {
    id: 'updateFunctionCode',
    tag: 'Functions',
    right: 'manage',
    shownWithoutRead: identityFields,
    reach: 'function',
    bodyBytesMax: codeBodyBytesMax,
    fileField: ['func_code', 'file'],
    summary: 'Replaces the code of a function; running attempts keep the old code.',
    parameters: [functionUrn],
    body: { of: FunctionCodeDto, example: { code_type: 'zip', func_code: { file: archive } } },
    answer: {
      status: 200,
      example: { ...exampleFunction, code_type: 'zip', code_size: 187, func_code: { file: '', link: exampleArchiveUrl } },
    },
    codes: [...functionCodes, ...codeCodes, 'FSS.0503'],
  },
  updateMaxInstances: {
    id: 'updateFunctionMaxInstances',
    tag: 'Functions',
    right: 'manage',
    shownWithoutRead: identityFields,
    reach: 'function',
    summary: 'Sets the maximum number of instances of a function.',
    parameters: [functionUrn],
    body: { of: MaxInstancesDto, example: { max_instance_num: 20 } },
    answer: { status: 200, example: { ...exampleFunction, strategy_config: { concurrency: 20, concurrent_num: 1 } } },
    codes: [...functionCodes, 'FSS.0503'],
  },
  remove: {
    id: 'deleteFunction',
    tag: 'Functions',
    right: 'manage',
    reach: 'function',
    summary: 'Deletes the alias or version that the URN names, or else the whole function.',
    parameters: [functionUrn],
    answer: { status: 204 },
    codes: [...functionCodes, 'FSS.0503'],
  },
} as const satisfies Record<string, OperationSpec>;
