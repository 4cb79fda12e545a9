import { describe, expect, it } from 'vitest';
import { epochMs, limits, type PolicyDocument, type ProjectDocument } from '#contracts';
import { aFunction, aPolicy, builtAt, builtUrn } from '#testing';
import { accept, chosenMemory, type InvocationRequest } from './accept.ts';

const request: InvocationRequest = { requestId: 'r1', functionUrn: builtUrn, project: 'p1', payload: Buffer.from('{}'), hops: 0 };
const project: ProjectDocument = {
  kind: 'project',
  id: 'p1',
  statusLog: { groupId: 'g', groupName: 'group', streamId: 's', streamName: 'stream' },
};
const known = { function: aFunction(), policy: undefined, project: undefined };
const dynamic = { function: aFunction({ isMemoryDynamic: true }) };
const accepted = (given: Partial<InvocationRequest> = {}, policy?: PolicyDocument, of?: ProjectDocument) => {
  const acceptance = accept({ ...request, ...given }, { ...known, policy, project: of }, builtAt);
  if (acceptance.kind === 'refused') throw new Error(acceptance.reason);
  if (acceptance.kind === 'paused') throw new Error('paused');
  return acceptance.invocation;
};

describe('chosenMemory', () => {
  it.each([
    ['of a function that lets callers choose', { isMemoryDynamic: true }, 256, { memoryMb: 256 }],
    ['where nothing was chosen', { isMemoryDynamic: true }, undefined, {}],
    ['of any other function', {}, 256, {}],
    ['of no function', undefined, 256, {}],
  ])('%s', (_whose, fn, memoryMb, chosen) => {
    expect(chosenMemory(fn, memoryMb)).toStrictEqual(chosen);
  });
});

describe('accept', () => {
  it('stamps no retries, one hour and no destination without a policy', () => {
    expect(accept(request, known, builtAt)).toStrictEqual({
      kind: 'accepted',
      invocation: {
        requestId: 'r1',
        functionUrn: builtUrn,
        functionId: aFunction().id,
        project: 'p1',
        acceptedAt: builtAt,
        dueAt: builtAt,
        expiresAt: builtAt + 3_600_000,
        attempt: 1,
        retriesUsed: 0,
        hops: 0,
        policy: { retriesMax: 0, backoff: { baseMs: 1_000, maxMs: 300_000 }, destinations: {} },
        payload: request.payload,
      },
    });
  });

  it('remembers the alias that it was called by', () => {
    expect(accepted({ alias: 'stable' }).alias).toBe('stable');
  });

  it('stamps the policy in force', () => {
    const destinations = { onFailure: { type: 'DIS', streamName: 's' } } as const;
    const policy = aPolicy({ retriesMax: 3, eventAgeMaxMs: 5_000, backoff: { baseMs: 1, maxMs: 2 }, destinations });
    const invocation = accepted({ traceparent: 't' }, policy);
    expect(invocation.policy).toStrictEqual({ retriesMax: 3, backoff: { baseMs: 1, maxMs: 2 }, destinations });
    expect([invocation.expiresAt, invocation.traceparent]).toStrictEqual([builtAt + 5_000, 't']);
  });

  it('lets the validity period of a delayed invocation begin when it is due', () => {
    const invocation = accepted({ delaySeconds: 60 });
    expect([invocation.dueAt, invocation.expiresAt]).toStrictEqual([epochMs(builtAt + 60_000), epochMs(builtAt + 3_660_000)]);
  });

  it.each<[rule: string, PolicyDocument, ProjectDocument | undefined, string | undefined]>([
    ['both switches on: the project’s', aPolicy({ isStatusLogged: true }), project, 'group/stream'],
    [
      'the policy’s own choice comes first',
      aPolicy({ isStatusLogged: true, logGroup: { groupName: 'mine', streamName: 'own' } }),
      project,
      'mine/own',
    ],
    ['the function did not ask', aPolicy(), project, undefined],
    ['the project’s switch is off', aPolicy({ isStatusLogged: true }), { kind: 'project', id: 'p1' }, undefined],
    ['the project has no settings', aPolicy({ isStatusLogged: true }), undefined, undefined],
  ])('status log, %s', (_rule, policy, of, statusLog) => {
    expect(accepted({}, policy, of).policy.statusLog).toBe(statusLog);
  });

  it.each<[rule: string, Partial<InvocationRequest>, Partial<typeof known>, string]>([
    ['an unknown function', {}, { function: undefined as never }, 'function-unknown'],
    ['a disabled function', {}, { function: aFunction({ instancesMax: 0 }) }, 'function-disabled'],
    ['a payload 1 byte too large', { payload: Buffer.alloc(limits.payloadBytesMax + 1) }, {}, 'payload-too-large'],
    ['a delay 1 s too long', { delaySeconds: 86_401 }, {}, 'delay-out-of-range'],
    ['a delay below 0', { delaySeconds: -1 }, {}, 'delay-out-of-range'],
    ['a delay that is no whole number', { delaySeconds: 1.5 }, {}, 'delay-out-of-range'],
    ['a delay that is no number', { delaySeconds: Number.NaN }, {}, 'delay-out-of-range'],
    ['a memory nobody offers', { memoryMb: 129 }, dynamic, 'memory-unknown'],
    ['a memory that is no number', { memoryMb: Number.NaN }, dynamic, 'memory-unknown'],
  ])('refuses %s', (_rule, given, facts, reason) => {
    expect(accept({ ...request, ...given }, { ...known, ...facts }, builtAt)).toStrictEqual({ kind: 'refused', reason });
  });

  it.each<[rule: string, Partial<InvocationRequest>, string]>([
    ['the largest payload', { payload: Buffer.alloc(limits.payloadBytesMax) }, 'accepted'],
    ['the longest delay', { delaySeconds: 86_400 }, 'accepted'],
    ['a delay of 0', { delaySeconds: 0 }, 'accepted'],
    ['the last hop', { hops: 16 }, 'accepted'],
    ['one hop too many', { hops: 17 }, 'discarded'],
  ])('takes %s as %s', (_rule, given, kind) => {
    expect(accept({ ...request, ...given }, known, builtAt).kind).toBe(kind);
  });

  it.each<[rule: string, Partial<typeof known>, number | undefined, number | undefined]>([
    ['where callers choose', dynamic, 256, 256],
    ['where callers choose and this one does not', dynamic, undefined, undefined],
    ['where callers do not choose', { function: aFunction({ isMemoryDynamic: false }) }, 256, undefined],
    ['of a function from before there was a choice', {}, 129, undefined],
  ])('memory, %s', (_rule, facts, memoryMb, stamped) => {
    const acceptance = accept({ ...request, ...(memoryMb === undefined ? {} : { memoryMb }) }, { ...known, ...facts }, builtAt);
    expect(acceptance.kind === 'accepted' && acceptance.invocation.memoryMb).toBe(stamped);
  });

  it('refuses an invocation while the intake is paused, and not while the execution is', () => {
    const steering = { kind: 'steering', functionUrn: 'f', functionId: 'i', project: 'p1' } as const;
    const pause = { since: builtAt, by: 'token' };
    const kinds = [{ intake: pause }, { execution: pause }].map((part) =>
      accept(request, { ...known, steering: { ...steering, ...part } }, epochMs(builtAt + 1)),
    );
    expect(kinds).toMatchObject([{ kind: 'paused', since: builtAt }, { kind: 'accepted' }]);
  });

  it('discards a chain that is too long as RecursionDetected', () => {
    expect(accept({ ...request, hops: 17 }, known, builtAt)).toMatchObject({
      condition: 'RecursionDetected',
      invocation: { hops: 17 },
    });
  });
});
