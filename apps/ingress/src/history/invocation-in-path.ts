import { bareUrnOf, formatFunctionUrn, type FunctionUrn } from '#contracts';
import { inPath } from '../document/parameters.ts';
import { ApiError } from '../http/api-error.ts';

const requestIdMax = 64;

/** The parameter that names an invocation. */
export const requestIdInPath = inPath(
  'requestId',
  { type: 'string', minLength: 1, maxLength: requestIdMax },
  { description: 'The request id of the invocation.', example: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10' },
);

/** @throws ApiError FSS.0400 for a request id that no invocation can have. */
export function checkRequestId(requestId: string): void {
  if (requestId.length > requestIdMax) throw new ApiError('FSS.0400', `a request id has at most ${requestIdMax} characters`);
}

/** Whether the record of an invocation is one of a function, of any version. */
export function isOf(named: FunctionUrn, { functionUrn }: { readonly functionUrn: string }): boolean {
  return bareUrnOf(functionUrn) === bareUrnOf(formatFunctionUrn(named));
}

/** The answer if the function has no such invocation. */
export function noSuchInvocation(): ApiError {
  return new ApiError('FSS.0404', 'the function has no invocation of this request id');
}
