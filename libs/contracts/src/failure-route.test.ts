import { expect, it } from 'vitest';
import { anInvocation, builtAt } from '#testing';
import { failureRouteOf, invocationOfRoute } from './failure-route.ts';
import { encodeInvocation } from './invocation.ts';

const destinations = {
  onSuccess: { type: 'DIS', streamName: 'well' },
  onFailure: { type: 'FunctionGraph', functionUrn: 'urn:fss:local:p1:function:default:mend:latest', functionId: 'f2' },
} as const;

it.each([
  ['the fewest headers', {}],
  ['all of its headers', { functionId: 'f1', alias: 'live', hops: 3, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }],
])('an invocation with %s is read back from its route, without its payload', (_which, more) => {
  const plain = anInvocation();
  const invocation = { ...plain, ...more, policy: { ...plain.policy, destinations, statusLog: 'g/s' }, tags: ['a', 'b'] };
  const { headers } = encodeInvocation('t', { ...invocation, attempt: 3, lastError: 'broke', retriesUsed: 2 });
  const { requestId, functionUrn, project, acceptedAt } = invocation;
  const known = { requestId, functionUrn, project, acceptedAt, attempts: 2, tags: ['a', 'b'] };
  const found = invocationOfRoute(failureRouteOf(headers), known);
  expect(found).toMatchObject({
    ...{ requestId, functionUrn, project, acceptedAt, ...more },
    ...{ expiresAt: invocation.expiresAt, attempt: 2, tags: ['a', 'b'] },
    policy: { destinations, statusLog: 'g/s' },
  });
  expect(found.payload).toHaveLength(0);
});

it('a text of another shape is refused', () => {
  const known = { requestId: 'r1', functionUrn: 'urn', project: 'p1', acceptedAt: builtAt, attempts: 0 };
  expect(() => invocationOfRoute('[]', known)).toThrow(expect.objectContaining({ code: 'CONTRACT_VIOLATED' }));
});
