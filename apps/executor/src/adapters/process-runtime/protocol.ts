/** The settings of an instance. It gets them as JSON in its environment. */
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

/** A message to an instance. Several are sent as one array. */
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

/** A message from an instance. Several are sent as one array. */
export type FromInstance =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly error: ErrorDocument }
  | {
      readonly kind: 'returned';
      readonly id: number;
      /** JSON; absent if the function returned undefined. */
      readonly payload?: string;
      readonly memoryBytes: number;
    }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly error: ErrorDocument;
      /** True if the function passed the error to its callback, false if it threw it. */
      readonly isHandled: boolean;
      readonly isRetryable: boolean;
      readonly memoryBytes: number;
    }
  /** The instance is in an unknown state: it must get no more calls. Running calls go on. */
  | { readonly kind: 'spoiled' }
  | {
      readonly kind: 'log';
      /** The call that printed the text; absent for text of no call. */
      readonly id?: number;
      readonly requestId: string;
      readonly text: string;
    };

/**
 * Reads an array of messages from an instance.
 * @returns undefined if any message has an unknown shape.
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
