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
  enabled: true,
  first: false,
  create_time: '2026-11-25T09:45:00+00:00',
};
const first = {
  access_key: 'AKFIRST',
  description: 'of the configuration',
  rights: ['invoke', 'read', 'manage'],
  functions: ['*'],
  enabled: true,
  first: true,
};
const secret = { secret_key: 'q7Jm0xZr2VtKc9LwB4sYhN6eUaPdGf3TiXoRkMvC' };
const found = { accessKey: '/access_key' };
const changeCodes: readonly ApiCode[] = ['FSS.0404', 'FSS.0503'];

/** Operations on access keys. */
export const credentialOperations = {
  create: {
    id: 'createCredential',
    tag: 'Access keys',
    right: 'manage',
    checksAccessItself: true,
    summary: 'Creates an access key; only this answer shows its secret.',
    description: 'The caller must hold all rights and functions of the new key.',
    body: {
      of: CredentialDto,
      example: { description: 'the web shop', rights: ['invoke', 'read'], functions: ['hello', 'shop:*'] },
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
    checksAccessItself: true,
    summary: 'Lists the access keys of the project, the one of the configuration first.',
    answer: { status: 200, example: { credentials: [first, shown] } },
  },
  show: {
    id: 'showCredential',
    tag: 'Access keys',
    right: 'manage',
    checksAccessItself: true,
    summary: 'Shows an access key with its rights.',
    parameters: [accessKey],
    answer: { status: 200, example: shown },
    codes: ['FSS.0404'],
  },
  disable: {
    id: 'disableCredential',
    tag: 'Access keys',
    right: 'manage',
    checksAccessItself: true,
    summary: 'Disables an access key.',
    parameters: [accessKey],
    answer: { status: 200, example: { ...shown, enabled: false } },
    codes: changeCodes,
  },
  enable: {
    id: 'enableCredential',
    tag: 'Access keys',
    right: 'manage',
    checksAccessItself: true,
    summary: 'Enables an access key.',
    parameters: [accessKey],
    answer: { status: 200, example: shown },
    codes: changeCodes,
  },
  rotate: {
    id: 'rotateCredential',
    tag: 'Access keys',
    right: 'manage',
    checksAccessItself: true,
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
    checksAccessItself: true,
    summary: 'Deletes an access key; requests that it signs are refused from then on.',
    parameters: [accessKey],
    answer: { status: 204 },
    codes: changeCodes,
  },
} as const satisfies Record<string, OperationSpec>;
