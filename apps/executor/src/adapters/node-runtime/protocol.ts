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

/** To an instance. */
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

/** From an instance. */
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
  | {
      readonly kind: 'log';
      /** The call that printed it; absent for what belongs to none. */
      readonly id?: number;
      readonly requestId: string;
      readonly text: string;
    };
