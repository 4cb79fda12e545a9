import type { SchemaObject } from '@nestjs/swagger';
import { functionFieldCodes } from '../function.dto.ts';
import { codeBodyBytesMax } from '../../http/body-sizes.ts';
import { functionCodes } from '../../names/function-codes.ts';
import { codeCodes, exampleFunction, identityFields } from '../functions.operations.ts';
import { ImportFunctionDto } from './import-function.dto.ts';
import type { OperationSpec } from '../../document/operation.ts';
import { exampleProject, functionUrn, inQuery, type Parameter } from '../../document/parameters.ts';

const flag: SchemaObject = { type: 'string', enum: ['true', 'false'] };
const parts: readonly Parameter[] = [
  inQuery('config', flag, { description: 'Whether to export the configuration. Default: false.', example: 'true' }),
  inQuery('code', flag, { description: 'Whether to export the code. Default: false.', example: 'true' }),
  inQuery(
    'type',
    { type: 'string', enum: ['config', 'code'] },
    { description: 'The only part to export. It cannot be combined with `config` or `code`.' },
  ),
];

/** The exported function `hello`: `index.js` in `hello.zip`, and `hello.yaml`. */
const example =
  'UEsDBBQAAAgAAAAAIQC2A2eJuwAAALsAAAAJAAAAaGVsbG8uemlwUEsDBBQAAAgAAAAAIQCRdKixSQAAAEkAAAAIAAAAaW5kZXguanNleHBvcnRzLmhhbmRsZXIgPSBhc3luYyAoZXZl' +
  'bnQpID0+ICh7IGdyZWV0aW5nOiBgaGVsbG8gJHtldmVudC5uYW1lfWAgfSk7UEsBAhQAFAAACAAAAAAhAJF0qLFJAAAASQAAAAgAAAAAAAAAAAAAAAAAAAAAAGluZGV4LmpzUEsFBgAA' +
  'AAABAAEANgAAAG8AAAAAAFBLAwQUAAAIAAAAACEAXnCp1cIAAADCAAAACgAAAGhlbGxvLnlhbWx7ImZ1bmNfbmFtZSI6ImhlbGxvIiwicGFja2FnZSI6ImRlZmF1bHQiLCJydW50aW1l' +
  'IjoiTm9kZS5qczIwLjE1IiwiaGFuZGxlciI6ImluZGV4LmhhbmRsZXIiLCJ0aW1lb3V0IjozLCJtZW1vcnlfc2l6ZSI6MTI4LCJjb2RlX3R5cGUiOiJpbmxpbmUiLCJ4cm9sZSI6InJl' +
  'c3VsdHMiLCJkZXNjcmlwdGlvbiI6IkdyZWV0cyBieSBuYW1lLiJ9ClBLAQIUABQAAAgAAAAAIQC2A2eJuwAAALsAAAAJAAAAAAAAAAAAAAAAAAAAAABoZWxsby56aXBQSwECFAAUAAAI' +
  'AAAAACEAXnCp1cIAAADCAAAACgAAAAAAAAAAAAAAAADiAAAAaGVsbG8ueWFtbFBLBQYAAAAAAgACAG8AAADMAQAAAAA=';

/** Operations that export and import functions. */
export const exportOperations = {
  export: {
    id: 'exportFunction',
    tag: 'Functions',
    right: 'read',
    reach: 'function',
    summary: 'Returns the URL of the configuration and code of a function as one ZIP.',
    parameters: [functionUrn, ...parts],
    answer: {
      status: 200,
      example: {
        file_name: 'hello.zip',
        code_url: `http://127.0.0.1:8700/v2/${exampleProject}/sendoff/functions/urn:fss:local:${exampleProject}:function:default:hello:latest/export?config=true&code=true`,
      },
    },
    codes: [...functionCodes, 'FSS.1001', 'FSS.1071'],
  },
  download: {
    id: 'downloadFunctionExport',
    tag: 'Functions',
    right: 'read',
    reach: 'function',
    summary: 'Downloads the configuration and code of a function as one ZIP.',
    description: 'The export contains no secrets: the values of `encrypted_user_data` are blank.',
    parameters: [functionUrn, ...parts],
    answer: { status: 200, mediaType: 'application/zip', example: 'PK' },
    codes: [...functionCodes, 'FSS.0404', 'FSS.0503', 'FSS.1001', 'FSS.1071'],
  },
  import: {
    id: 'importFunction',
    tag: 'Functions',
    right: 'manage',
    reach: 'body',
    shownWithoutRead: identityFields,
    bodyBytesMax: codeBodyBytesMax,
    fileField: ['file_code'],
    summary: 'Creates a function from an export, under a new name.',
    body: {
      of: ImportFunctionDto,
      example: { func_name: 'hello-again', file_name: 'hello.zip', file_type: 'zip', file_code: example, package: 'default' },
    },
    answer: { status: 200, example: exampleFunction },
    codes: [...Object.values(functionFieldCodes), ...codeCodes, 'FSS.0503', 'FSS.1017', 'FSS.1018', 'FSS.1041', 'FSS.1061'],
  },
} as const satisfies Record<string, OperationSpec>;
