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
  /** The share of a CPU, in thousandths of one. */
  readonly cpuMillicores: number;
  readonly timeoutMs: number;
  readonly userData: Readonly<Record<string, string>>;
}

/** A message to an instance. */
export type ToInstance =
  | {
      readonly kind: 'call';
      /** From 1, and never used twice in an instance. */
      readonly id: number;
      readonly requestId: string;
      readonly payload: Buffer;
      readonly timeoutMs: number;
      readonly alias: string;
      /** The instance leaves out a larger return value. */
      readonly responseBytesMax: number;
    }
  | { readonly kind: 'abort'; readonly id: number };

/** The error document of a runtime. */
export interface ErrorDocument {
  readonly errorMessage: string;
  readonly errorType: string;
  readonly stackTrace: readonly string[];
}

/** A message from an instance. */
export type FromInstance =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'unusable';
      readonly error: ErrorDocument;
      /** The error with its causes, for the log of the function. */
      readonly description: string;
    }
  | {
      readonly kind: 'returned';
      readonly id: number;
      /** JSON; empty if the function returned undefined. */
      readonly payload: Buffer;
      /** True if the return value is larger than the call allows. */
      readonly isLeftOut: boolean;
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
      /** The call that printed the text; 0 for text of no call. */
      readonly id: number;
      readonly text: string;
    };

/**
 * The numbers of the wire format. The channel is file descriptor 3 of the process: a stream in both
 * directions. It carries frames. All numbers are big-endian.
 *
 * ```
 * frame     length:u32 kind:u8 body          length counts kind and body
 * text      length:u32 bytes                 UTF-8
 * error     errorType:text errorMessage:text stackTrace:text     one stack frame a line
 *
 * call      id:u32 timeoutMs:f64 responseBytesMax:u32 requestId:text alias:text payload:rest
 * abort     id:u32
 *
 * ready     nothing
 * unusable  error description:text
 * returned  id:u32 memoryBytes:f64 isLeftOut:u8 payload:rest
 * failed    id:u32 memoryBytes:f64 flags:u8 error                flags: 1 handled, 2 retryable
 * spoiled   nothing
 * log       id:u32 text:rest                                     id 0: text of no call
 * ```
 */
export const wire = {
  toInstance: { call: 1, abort: 2 },
  fromInstance: { ready: 1, unusable: 2, returned: 3, failed: 4, spoiled: 5, log: 6 },
  isHandled: 1,
  isRetryable: 2,
} as const;

/** Largest error, and largest text of one log message, in bytes. */
export const textBytesMax = 256 * 1024;
