import {
  boundIdOf,
  type EpochMs,
  epochMs,
  type FunctionDocument,
  type Invocation,
  isMemorySizeMb,
  limits,
  type PolicyDocument,
  type ProjectDocument,
  retryPolicy,
  type SteeringDocument,
  type StampedPolicy,
} from '#contracts';

/** The request of a caller. Its form has been checked. */
export interface InvocationRequest {
  readonly requestId: string;
  /** Eight fields. */
  readonly functionUrn: string;
  /** The alias by which the version was chosen. */
  readonly alias?: string;
  readonly project: string;
  readonly payload: Buffer;
  /** The reference of an uploaded payload; `payload` is then empty. */
  readonly payloadRef?: string;
  /** Chained invocations before this one. */
  readonly hops: number;
  /** The delay that the caller asks for, in seconds. */
  readonly delaySeconds?: number;
  /**
   * The memory that the caller asks for, in MB. It is used only if the function lets callers
   * choose.
   */
  readonly memoryMb?: number;
  readonly traceparent?: string;
  /** Names by which the caller finds the invocation. */
  readonly tags?: readonly string[];
}

/** The documents of the registry that concern the function. */
export interface FunctionKnown {
  readonly function: FunctionDocument | undefined;
  readonly policy: PolicyDocument | undefined;
  readonly project: ProjectDocument | undefined;
  /** Absent if nothing of the function is paused. */
  readonly steering?: SteeringDocument | undefined;
}

/** Why a synchronous or asynchronous call is refused. */
export type CallRefusal = 'function-unknown' | 'function-disabled' | 'payload-too-large' | 'memory-unknown';

/** Why a request is not accepted. */
export type Refusal = CallRefusal | 'delay-out-of-range';

/**
 * The answer to a request: it is accepted or refused. `paused`: the intake of the function is
 * paused. `discarded`: the chain of invocations before it is too long.
 */
export type Acceptance =
  | { readonly kind: 'accepted'; readonly invocation: Invocation }
  | { readonly kind: 'refused'; readonly reason: Refusal }
  | { readonly kind: 'paused'; readonly since: EpochMs }
  | { readonly kind: 'discarded'; readonly condition: 'RecursionDetected'; readonly invocation: Invocation };

const { withoutConfiguration } = retryPolicy;

/**
 * Accepts a request, with the policy in force stamped on it.
 *
 * Without a policy: no retries, an hour, no destinations. The validity period of a delayed
 * invocation begins when it is due: a delay is the caller's wish, not a wait for us.
 */
export function accept(request: InvocationRequest, known: FunctionKnown, now: EpochMs): Acceptance {
  const refusal = refusalOf(request, known);
  if (refusal !== undefined) return { kind: 'refused', reason: refusal };
  const pause = known.steering?.intake;
  if (pause !== undefined) return { kind: 'paused', since: pause.since };
  const dueAt = epochMs(now + (request.delaySeconds ?? 0) * 1_000);
  const invocation: Invocation = {
    requestId: request.requestId,
    functionUrn: request.functionUrn,
    ...(known.function === undefined ? {} : { functionId: boundIdOf(known.function) }),
    ...(request.alias === undefined ? {} : { alias: request.alias }),
    project: request.project,
    acceptedAt: now,
    expiresAt: epochMs(dueAt + (known.policy?.eventAgeMaxMs ?? withoutConfiguration.eventAgeSeconds * 1_000)),
    dueAt,
    attempt: 1,
    retriesUsed: 0,
    policy: stamp(known),
    hops: request.hops,
    ...chosenMemory(known.function, request.memoryMb),
    ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
    ...(request.tags === undefined || request.tags.length === 0 ? {} : { tags: request.tags }),
    ...(request.payloadRef === undefined ? {} : { payloadRef: request.payloadRef }),
    payload: request.payload,
  };
  if (request.hops > limits.hopsMax) return { kind: 'discarded', condition: 'RecursionDetected', invocation };
  return { kind: 'accepted', invocation };
}

function refusalOf(request: InvocationRequest, known: FunctionKnown): Refusal | undefined {
  const refusal = callRefusalOf(known.function, request, limits.payloadBytesMax);
  if (refusal !== undefined) return refusal;
  const { delaySeconds = 0 } = request;
  const isDelayValid = Number.isInteger(delaySeconds) && delaySeconds >= 0 && delaySeconds <= limits.delaySecondsMax;
  return isDelayValid ? undefined : 'delay-out-of-range';
}

/** Why a function may not be called with this payload and memory; undefined where it may. */
export function callRefusalOf(
  fn: FunctionDocument | undefined,
  { payload, memoryMb }: Pick<InvocationRequest, 'payload' | 'memoryMb'>,
  payloadBytesMax: number,
): CallRefusal | undefined {
  if (fn === undefined) return 'function-unknown';
  if (fn.instancesMax === 0) return 'function-disabled';
  if (payload.length > payloadBytesMax) return 'payload-too-large';
  const chosen = chosenMemory(fn, memoryMb).memoryMb;
  return chosen === undefined || isMemorySizeMb(chosen) ? undefined : 'memory-unknown';
}

/** The memory that a caller chose. Empty if the function does not let callers choose. */
export function chosenMemory(
  fn: Pick<FunctionDocument, 'isMemoryDynamic'> | undefined,
  memoryMb: number | undefined,
): { readonly memoryMb?: number } {
  return fn?.isMemoryDynamic === true && memoryMb !== undefined ? { memoryMb } : {};
}

/** The part of a policy that travels with an invocation. */
function stamp({ policy, project }: FunctionKnown): StampedPolicy {
  if (policy === undefined)
    return { retriesMax: withoutConfiguration.retriesMax, backoff: retryPolicy.backoff, destinations: {} };
  const { retriesMax, backoff, destinations } = policy;
  const statusLog = statusLogOf(policy, project);
  return { retriesMax, backoff, destinations, ...(statusLog === undefined ? {} : { statusLog }) };
}

/**
 * `group/stream` of the policy, else of the project. Undefined if either switch is off.
 */
function statusLogOf(policy: PolicyDocument, project: ProjectDocument | undefined): string | undefined {
  if (!policy.isStatusLogged || project?.statusLog === undefined) return undefined;
  const group = policy.logGroup?.groupName ?? project.statusLog.groupName;
  const stream = policy.logGroup?.streamName ?? project.statusLog.streamName;
  return `${group}/${stream}`;
}
