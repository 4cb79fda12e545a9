import { type ErrorCode, PlatformError } from '#contracts';

interface BrokerError {
  readonly name?: string;
  readonly type?: string;
  /** Code of a socket or of TLS. */
  readonly code?: unknown;
  readonly message?: string;
  readonly retriable?: boolean;
  readonly topic?: unknown;
  readonly broker?: unknown;
  readonly cause?: unknown;
  /** The errors of several topics of one request. */
  readonly errors?: readonly unknown[];
}

/** Facts about a failed request. They become details of the error. */
export interface RequestFacts {
  /** The account in words; @see `accountName`. */
  readonly account?: string;
  readonly topic?: string;
  readonly groupId?: string;
  /** Operation of the access control that the request needs. */
  readonly operation?: 'Read' | 'Write' | 'Create' | 'Describe';
  readonly [fact: string]: unknown;
}

/** Of the errors of several topics, a refusal counts first: the others often follow from it. */
function worstOf(errors: readonly unknown[] | undefined): unknown {
  return errors?.find((one) => (one as BrokerError).type?.endsWith('_AUTHORIZATION_FAILED')) ?? errors?.[0];
}

/** The error and its causes, outermost first. */
function chainOf(error: unknown): readonly BrokerError[] {
  const chain: BrokerError[] = [];
  for (let next: unknown = error; typeof next === 'object' && next !== null && chain.length < 10; ) {
    const one = next as BrokerError;
    chain.push(one);
    next = one.cause ?? worstOf(one.errors);
  }
  return chain;
}

/** Returns the innermost cause: the client wraps the error that made it give up. */
export function rootCause(error: unknown): BrokerError {
  return chainOf(error).at(-1) ?? {};
}

/**
 * The level for the log of a request that is made again. Brokers that hand over their partitions
 * and groups, or close a connection, are at work as usual.
 */
export function severityOfRetry(error: unknown): 'debug' | 'warn' {
  const { type = '', name } = rootCause(error);
  return handovers.has(type) || name === 'KafkaJSConnectionClosedError' ? 'debug' : 'warn';
}

const handovers: ReadonlySet<string> = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);

/** Codes of TLS in Node.js and OpenSSL. */
const tlsCode = /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

type AccessCode = Extract<ErrorCode, 'BROKER_LOGIN_FAILED' | 'BROKER_TLS_FAILED' | 'BROKER_ACCESS_DENIED'>;

/** Codes that only an operator can cure. */
const accessCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BROKER_LOGIN_FAILED',
  'BROKER_TLS_FAILED',
  'BROKER_ACCESS_DENIED',
  'BROKER_TOKEN_UNAVAILABLE',
  'BROKER_UNSUITABLE',
]);

/**
 * True if the brokers are there, and the fault is the account, its rights, a certificate or their
 * version.
 */
export function isAccessFault(error: unknown): error is PlatformError {
  return error instanceof PlatformError && accessCodes.has(error.code);
}

/** The fault of access behind a failed request, if it is one. */
function accessFaultIn(chain: readonly BrokerError[]): { readonly code: AccessCode; readonly at: BrokerError } | undefined {
  for (const at of chain) {
    if (at.name === 'KafkaJSSASLAuthenticationError' || /SASL/.test(at.type ?? '')) return { code: 'BROKER_LOGIN_FAILED', at };
    if (typeof at.code === 'string' && tlsCode.test(at.code)) return { code: 'BROKER_TLS_FAILED', at };
    if (at.type?.endsWith('_AUTHORIZATION_FAILED') === true) return { code: 'BROKER_ACCESS_DENIED', at };
  }
  return undefined;
}

/** The resource of a refused request, in words. */
function resourceOf(type: string, topic: unknown, { groupId, topics }: RequestFacts): string {
  if (type.startsWith('GROUP')) return `group ${groupId ?? '(unknown)'}`;
  if (type.startsWith('CLUSTER')) return 'the cluster';
  if (type.startsWith('TRANSACTIONAL')) return 'its transactional id';
  if (typeof topic === 'string') return `topic ${topic}`;
  return Array.isArray(topics) ? `one of the topics ${topics.join(', ')}` : 'a topic';
}

function reasonFor({ code, at }: { readonly code: AccessCode; readonly at: BrokerError }, facts: RequestFacts): string {
  const { account = 'the account', operation } = facts;
  switch (code) {
    case 'BROKER_LOGIN_FAILED':
      return (
        `the brokers refuse ${account}: ${at.message ?? at.type}. ` +
        'Check KAFKA_USERNAME, the password or token, KAFKA_SASL_MECHANISM and KAFKA_SECURITY_PROTOCOL'
      );
    case 'BROKER_TLS_FAILED':
      return (
        `no TLS connection to ${typeof at.broker === 'string' ? at.broker : 'the brokers'} (${String(at.code)}): ${at.message ?? ''}. ` +
        'Check KAFKA_CA_FILE, the host names in KAFKA_BROKERS, and the client certificate'
      );
    case 'BROKER_ACCESS_DENIED': {
      const type = at.type ?? '';
      const topic = facts.topic ?? at.topic;
      const right = operation ?? (type.startsWith('GROUP') ? 'Read' : 'use');
      return `${account} may not ${right} ${resourceOf(type, topic, facts)}: grant it what docs/kafka-acls.md lists`;
    }
  }
}

/**
 * Returns the error for a request that the brokers did not answer, or refused. A PlatformError is
 * returned as it is.
 */
export function unavailable(error: unknown, facts: RequestFacts = {}): PlatformError {
  const chain = chainOf(error);
  const named = chain.find((one) => one instanceof PlatformError);
  if (named instanceof PlatformError) return named;
  const fault = accessFaultIn(chain);
  if (fault !== undefined)
    return new PlatformError(fault.code, { details: { ...facts, reason: reasonFor(fault, facts) }, cause: error });
  const { type, message } = chain.at(-1) ?? {};
  return new PlatformError('BROKER_UNAVAILABLE', {
    details: { reason: message ?? type ?? 'no answer', ...facts },
    cause: error,
  });
}

/**
 * Waits for a promise, but no longer than `timeoutMs`; a later result is ignored.
 * @throws PlatformError `BROKER_UNAVAILABLE` after `timeoutMs`, and for any failure of the promise;
 *   `BROKER_LOGIN_FAILED`, `BROKER_TLS_FAILED`, `BROKER_ACCESS_DENIED`.
 */
export async function withTimeout<Answer>(
  timeoutMs: number,
  what: string,
  promise: Promise<Answer>,
  facts: RequestFacts = {},
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new PlatformError('BROKER_UNAVAILABLE', { details: { reason: `${what} took longer than ${timeoutMs} ms` } }));
    }, timeoutMs);
  });
  try {
    return await Promise.race([promise, patience]);
  } catch (error) {
    throw unavailable(error, { what, ...facts });
  } finally {
    clearTimeout(timer);
  }
}
