import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { type Access, accessRights } from '#contracts';
import type { ApiError } from '../http/api-error.ts';

/** The caller of a request, with its rights. */
export interface Caller extends Access {
  readonly project: string;
  /** Absent if the caller sent a token. */
  readonly accessKey?: string;
}

/** All rights for all functions, agencies and topics. */
export const wholeAccess: Access = { rights: accessRights, functions: ['*'], agencies: ['*'], topics: ['*'] };

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller; undefined on open routes, and until the signature is verified. */
    caller: Caller | undefined;
    /**
     * Verifies the signature by the SHA-256 of the body (hex), once; undefined if nothing is to be
     * verified. Returns why the request is refused.
     */
    verifySignature: ((payloadHash: string) => ApiError | undefined) | undefined;
    /** Whether the head proves the caller of a signed request: it states the hash of the body. */
    isProvedByHead: boolean;
    /** The access key that a signed request names, before its signature is verified. */
    claim: string | undefined;
  }
}

/** Injects the caller into a controller's method. */
export const CalledBy = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (caller === undefined) throw new Error('a controller reads the caller of an open route');
  return caller;
});
