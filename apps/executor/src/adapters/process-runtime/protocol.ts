/** What an instance is told before it loads code; travels in its environment as JSON. */
export interface InstanceSetup {
  readonly codeDir: string;
  readonly handler: string;
  readonly initializer?: { readonly handler: string; readonly timeoutMs: number };
  readonly functionName: string;
  readonly package: string;
  readonly projectId: string;
  readonly version: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly userData: Readonly<Record<string, string>>;
}

/** To an instance; several travel as one message. */
export type ToInstance =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly requestId: string;
      readonly payload: string;
      readonly deadlineAt: number;
      readonly alias: string;
    }
  | { readonly kind: 'abort'; readonly id: number };

/** The error document of a runtime. */
export interface ErrorDocument {
  readonly errorMessage: string;
  readonly errorType: string;
  readonly stackTrace: readonly string[];
}

/** From an instance; several travel as one message. */
export type FromInstance =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly error: ErrorDocument }
  | {
      readonly kind: 'returned';
      readonly id: number;
      /** JSON; absent for undefined. */
      readonly payload?: string;
      readonly memoryBytes: number;
    }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly error: ErrorDocument;
      /** Reported through the callback rather than thrown. */
      readonly isHandled: boolean;
      readonly isRetryable: boolean;
      readonly memoryBytes: number;
    }
  /**
   * The code did something after which it is not to be trusted with another call; those that run
   * may end.
   */
  | { readonly kind: 'spoiled' }
  | {
      readonly kind: 'log';
      /** The call that printed it; absent for what belongs to none. */
      readonly id?: number;
      readonly requestId: string;
      readonly text: string;
    };

/**
 * Reads what an instance sent at once.
 * @returns undefined where anything in it has no known shape.
 */
export function readFromInstance(sent: unknown): readonly FromInstance[] | undefined {
  return Array.isArray(sent) && sent.every(isFromInstance) ? sent : undefined;
}

function isFromInstance(message: unknown): message is FromInstance {
  return typeof message === 'object' && message !== null && isOfShape(message as Readonly<Record<string, unknown>>);
}

function isOfShape({
  kind,
  id,
  payload,
  error,
  isHandled,
  isRetryable,
  memoryBytes,
  requestId,
  text,
}: Readonly<Record<string, unknown>>): boolean {
  switch (kind as FromInstance['kind']) {
    case 'ready':
    case 'spoiled':
      return true;
    case 'unusable':
      return isErrorDocument(error);
    case 'returned':
      return typeof id === 'number' && typeof memoryBytes === 'number' && (payload === undefined || typeof payload === 'string');
    case 'failed':
      return (
        typeof id === 'number' &&
        typeof memoryBytes === 'number' &&
        isErrorDocument(error) &&
        typeof isHandled === 'boolean' &&
        typeof isRetryable === 'boolean'
      );
    case 'log':
      return (id === undefined || typeof id === 'number') && typeof requestId === 'string' && typeof text === 'string';
    default:
      return false;
  }
}

function isErrorDocument(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { errorMessage, errorType, stackTrace } = value as Readonly<Record<string, unknown>>;
  return (
    typeof errorMessage === 'string' &&
    typeof errorType === 'string' &&
    Array.isArray(stackTrace) &&
    stackTrace.every((line) => typeof line === 'string')
  );
}
