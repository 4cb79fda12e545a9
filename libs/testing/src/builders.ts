import {
  epochMs,
  type FunctionDocument,
  type Invocation,
  type PendingDelivery,
  type PolicyDocument,
  type Publication,
  retryPolicy,
  type Settlement,
  type StampedPolicy,
} from '#contracts';

/** The instant at which everything that builders make begins. */
export const builtAt = epochMs(1_800_000_000_000);

/** The URN of the function that builders use, in eight fields. */
export const builtUrn = 'urn:fss:local:p1:function:default:hello:latest';

/**
 * An invocation accepted at {@link builtAt}, with its first attempt due. It expires after an hour
 * and has no retries.
 */
export function anInvocation({
  policy,
  ...given
}: Partial<Omit<Invocation, 'policy'>> & { readonly policy?: Partial<StampedPolicy> } = {}): Invocation {
  const acceptedAt = given.acceptedAt ?? builtAt;
  return {
    requestId: '1167bf8c-87b0-43ab-8f5f-26b16c64f252',
    functionUrn: builtUrn,
    project: 'p1',
    acceptedAt,
    expiresAt: epochMs(acceptedAt + 3_600_000),
    dueAt: acceptedAt,
    attempt: 1,
    retriesUsed: 0,
    hops: 0,
    payload: Buffer.from('{"key":"value"}'),
    ...given,
    policy: { retriesMax: 0, backoff: retryPolicy.backoff, destinations: {}, ...policy },
  };
}

/** A settlement of {@link anInvocation}, which succeeded at its first attempt. */
export function aSettlement(given: Partial<Settlement> = {}): Settlement {
  return {
    invocation: anInvocation(),
    condition: '',
    attempts: 1,
    startedAt: epochMs(builtAt + 5),
    endedAt: epochMs(builtAt + 10),
    errorMessage: '',
    responsePayload: Buffer.from('"hello world!"'),
    ...given,
  };
}

/** The first try of a delivery of {@link aSettlement} to a stream. */
export function aDelivery(given: Partial<PendingDelivery> = {}): PendingDelivery {
  return {
    deliveryId: 'DIS:orders',
    target: { type: 'DIS', streamName: 'orders' },
    try: 1,
    dueAt: builtAt,
    firstTriedAt: builtAt,
    event: { kind: 'settled', settlement: aSettlement() },
    ...given,
  };
}

/** A message published to the topic `news`. It expires after an hour. */
export function aPublication(given: Partial<Publication> = {}): Publication {
  return {
    messageId: '0123456789abcdef0123456789abcdef',
    project: 'p1',
    topicUrn: 'urn:smn:local:p1:news',
    publishedAt: builtAt,
    expiresAt: epochMs(builtAt + 3_600_000),
    subject: 'Breaking',
    attributes: [],
    texts: { default: 'something happened' },
    ...given,
  };
}

/** A Node.js function that returns its event. */
export function aFunction(given: Partial<FunctionDocument> = {}): FunctionDocument {
  return {
    kind: 'function',
    urn: 'urn:fss:local:p1:function:default:hello',
    id: '7d6f4c1e-4f5e-4a50-9d3c-6d5d6a1d1c11',
    project: 'p1',
    package: 'default',
    name: 'hello',
    runtime: 'Node.js20.15',
    handler: 'index.handler',
    timeoutMs: 3_000,
    memoryMb: 128,
    codeType: 'inline',
    code: { kind: 'inline', source: 'exports.handler = async (event) => event;', digest: 'd1' },
    userData: {},
    description: '',
    instancesMax: 400,
    concurrencyPerInstance: 1,
    createdAt: builtAt,
    modifiedAt: builtAt,
    kept: {},
    ...given,
  };
}

/** The policy of {@link aFunction} with the API's defaults: one retry, an hour, no destinations. */
export function aPolicy(given: Partial<PolicyDocument> = {}): PolicyDocument {
  return {
    kind: 'policy',
    functionUrn: builtUrn,
    eventAgeMaxMs: 3_600_000,
    retriesMax: 1,
    backoff: retryPolicy.backoff,
    destinations: {},
    isStatusLogged: false,
    createdAt: builtAt,
    modifiedAt: builtAt,
    ...given,
  };
}
