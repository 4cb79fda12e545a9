import type { ApiCode } from '../http/api-codes.ts';
import { CredentialDto, RotationDto } from './credential.dto.ts';
import type { OperationSpec } from '../document/operation.ts';
import { inPath } from '../document/parameters.ts';

const accessKey = inPath(
  'accessKey',
  { type: 'string', minLength: 1, maxLength: 512 },
  { description: 'An access key.', example: '4F1C9A7B2E6D8053A1BC' },
);
const shown = {
  access_key: '4F1C9A7B2E6D8053A1BC',
  description: 'the web shop',
  rights: ['invoke', 'read'],
  functions: ['hello', 'shop:*'],
  agencies: ['results'],
  topics: [],
  enabled: true,
  first: false,
  create_time: '2026-11-25T09:45:00+00:00',
};
const first = {
  access_key: 'AKFIRST',
  description: 'of the configuration',
  rights: ['invoke', 'read', 'manage'],
  functions: ['*'],
  agencies: ['*'],
  topics: ['*'],
  enabled: true,
  first: true,
};
const secret = { secret_key: 'q7Jm0xZr2VtKc9LwB4sYhN6eUaPdGf3TiXoRkMvC' };
/** An access key holds nothing that needs the right to read. */
const keyFields = [
  ...['access_key', 'secret_key', 'description', 'rights', 'functions', 'agencies', 'topics', 'enabled', 'first'],
  ...['create_time', 'rotate_time', 'previous_secret_ends_at'],
] as const;
const found = { accessKey: '/access_key' };
const changeCodes: readonly ApiCode[] = ['FSS.0404', 'FSS.0503'];

/** Operations on access keys. */
export const credentialOperations = {
  create: {
    id: 'createCredential',
    tag: 'Access keys',
    right: 'manage',
    reach: 'body',
    shownWithoutRead: keyFields,
    summary: 'Creates an access key; only this answer shows its secret.',
    description:
      'The caller must hold all rights and patterns of the new key. Without `agencies` or `topics`, a key for all functions gets ' +
      'all of them, and any other key none.',
    body: {
      of: CredentialDto,
      example: { description: 'the web shop', rights: ['invoke', 'read'], functions: ['hello', 'shop:*'], agencies: ['results'] },
    },
    answer: {
      status: 201,
      example: { ...shown, ...secret },
      leadsTo: {
        showCredential: found,
        disableCredential: found,
        enableCredential: found,
        rotateCredential: found,
        deleteCredential: found,
      },
    },
    codes: ['FSS.0503'],
  },
  list: {
    id: 'listCredentials',
    tag: 'Access keys',
    right: 'manage',
    reach: 'list',
    shownWithoutRead: ['credentials'],
    summary: 'Lists the access keys of the project, the one of the configuration first.',
    answer: { status: 200, example: { credentials: [first, shown] } },
  },
  show: {
    id: 'showCredential',
    tag: 'Access keys',
    right: 'manage',
    reach: 'key',
    shownWithoutRead: keyFields,
    summary: 'Shows an access key with its rights.',
    parameters: [accessKey],
    answer: { status: 200, example: shown },
    codes: ['FSS.0404'],
  },
  disable: {
    id: 'disableCredential',
    tag: 'Access keys',
    right: 'manage',
    reach: 'key',
    shownWithoutRead: keyFields,
    summary: 'Disables an access key.',
    parameters: [accessKey],
    answer: { status: 200, example: { ...shown, enabled: false } },
    codes: changeCodes,
  },
  enable: {
    id: 'enableCredential',
    tag: 'Access keys',
    right: 'manage',
    reach: 'key',
    shownWithoutRead: keyFields,
    summary: 'Enables an access key.',
    parameters: [accessKey],
    answer: { status: 200, example: shown },
    codes: changeCodes,
  },
  rotate: {
    id: 'rotateCredential',
    tag: 'Access keys',
    right: 'manage',
    reach: 'key',
    shownWithoutRead: keyFields,
    summary: 'Replaces the secret of an access key; the old one stays valid for the requested time.',
    parameters: [accessKey],
    body: { of: RotationDto, isOptional: true, example: { grace_in_seconds: 3_600 } },
    answer: {
      status: 200,
      example: {
        ...shown,
        ...secret,
        rotate_time: '2026-11-25T09:50:00+00:00',
        previous_secret_ends_at: '2026-11-25T10:50:00+00:00',
      },
    },
    codes: changeCodes,
  },
  remove: {
    id: 'deleteCredential',
    tag: 'Access keys',
    right: 'manage',
    reach: 'key',
    summary: 'Deletes an access key; requests that it signs are refused from then on.',
    parameters: [accessKey],
    answer: { status: 204 },
    codes: changeCodes,
  },
} as const satisfies Record<string, OperationSpec>;
