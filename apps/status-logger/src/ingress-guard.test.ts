import type { ExecutionContext } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { InternalTokenCheck, internalTokenHeader, InternalTokens } from '#platform';
import { ManualClock, testSigner, testVerifier } from '#testing';
import { IngressGuard } from './records.controller.ts';

describe('IngressGuard', () => {
  const clock = new ManualClock();
  const tokens = new InternalTokens(testSigner, clock);
  const guard = new IngressGuard(new InternalTokenCheck('status-logger', testVerifier, clock));
  const contextOf = (headers: object) =>
    ({ switchToHttp: () => ({ getRequest: () => ({ headers }) }) }) as unknown as ExecutionContext;

  it.each<[who: string, token: string | undefined, mayPass: boolean]>([
    ['the ingress', tokens.tokenFor('status-logger'), true],
    ['a token for the executor', tokens.tokenFor('executor'), false],
    ['no token', undefined, false],
  ])('lets a request pass or not: %s', (_who, token, mayPass) => {
    expect(guard.canActivate(contextOf({ [internalTokenHeader]: token }))).toBe(mayPass);
  });
});
