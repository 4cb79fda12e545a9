import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { type Access, accessRights } from '#contracts';
import type { ApiError } from '../http/api-error.ts';

/** Who calls, and what they may do. */
export interface Caller extends Access {
  readonly project: string;
  /** Absent where a token was sent. */
  readonly accessKey?: string;
}

/** All rights, all functions. */
export const wholeAccess: Access = { rights: accessRights, functions: ['*'] };

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller; undefined on open routes, and until the signature is verified. */
    caller: Caller | undefined;
    /**
     * Verifies the signature by the SHA-256 of the body (hex), once; undefined if nothing is to be
     * verified. Returns why the request is refused.
     */
    verifySignature: ((payloadHash: string) => ApiError | undefined) | undefined;
  }
}

/** Who calls, as a parameter of a controller's method. */
export const CalledBy = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (caller === undefined) throw new Error('a route that asks who calls is open to anyone');
  return caller;
});
