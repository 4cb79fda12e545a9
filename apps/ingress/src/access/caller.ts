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
    /** Who calls; undefined on open routes, and while it is not proved yet. */
    caller: Caller | undefined;
    /** Proves by the payload who calls, once. @returns why the request may not go on. */
    prove: ((payload: Buffer) => ApiError | undefined) | undefined;
  }
}

/** Who calls, as a parameter of a controller's method. */
export const CalledBy = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (caller === undefined) throw new Error('a route that asks who calls is open to anyone');
  return caller;
});
