/**
 * Spans of what services do for an invocation.
 *
 * T1. All spans of an invocation have one trace id: that of its caller, or a new one.
 * T2. A span lasts as long as one act, such as one attempt. A wait has no span: the act after it
 *     links to the act before it, and says how late it is.
 * T3. Spans hold no payload, no text of a user and no secret.
 * T4. Without an exporter no span is made, and the trace context of the caller goes on unchanged.
 *
 * @see docs/adr/0033-spans-of-short-acts.md
 */
import {
  type Attributes,
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { traceparentOf } from '#contracts';

/** An act for an invocation. */
export interface Act {
  readonly name: 'accept' | 'attempt' | 'call' | 'deliver' | 'release';
  readonly kind: 'server' | 'consumer' | 'client' | 'internal';
  /** The trace context that the act belongs to. Without it the act begins a trace. */
  readonly traceparent?: string | undefined;
  /** The trace context of the act before. */
  readonly after?: string | undefined;
  /** Is called only if a span is made. */
  readonly attributes: () => Attributes;
}

/** How an act ended. */
export interface ActEnd {
  readonly attributes?: Attributes;
  /** One word that says what failed; absent if nothing did. */
  readonly fault?: string | undefined;
}

/** Makes spans. */
export interface Tracing {
  /**
   * Does the work of an act, inside a span. Resolves and rejects as the work does.
   * @param work gets the trace context to hand on, which is the caller's own if no span is made.
   * @param endOf reads the result of the work.
   */
  during<Result>(
    act: Act,
    work: (traceparent: string | undefined) => Promise<Result>,
    endOf: (result: Result) => ActEnd,
  ): Promise<Result>;
  /** Sends what is left, for a bounded time. Never rejects. */
  close(): Promise<void>;
}

/** Makes no spans (T4). */
export const untraced: Tracing = {
  during: ({ traceparent }, work) => work(traceparent),
  close: async () => undefined,
};

const kinds = {
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
} as const;

/** Codes of errors, as of this platform, of its API and of Node.js. */
const codePattern = /^[A-Z][A-Z0-9_.]{1,63}$/;

/** Makes spans with a tracer of the API. */
export function tracingBy(tracer: Tracer, close: () => Promise<void>): Tracing {
  return {
    async during({ name, kind, traceparent, after, attributes }, work, endOf) {
      const linked = spanContextOf(after);
      const links = linked === undefined ? [] : [{ context: linked }];
      const span = tracer.startSpan(name, { kind: kinds[kind], links, attributes: attributes() }, contextOf(traceparent));
      try {
        const result = await work(textOf(span.spanContext()));
        end(span, endOf(result));
        return result;
      } catch (error) {
        endFailed(span, error);
        throw error;
      }
    },
    close,
  };
}

function end(span: Span, { attributes = {}, fault }: ActEnd): void {
  span.setAttributes(attributes);
  if (fault !== undefined) span.setAttribute('error.type', fault).setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** A mistake of the caller, by the status of its answer, is no fault of the span. */
function endFailed(span: Span, error: unknown): void {
  const { code, status } = error as { readonly code?: unknown; readonly status?: unknown };
  const fault = typeof code === 'string' && codePattern.test(code) ? code : 'unexpected';
  const isFault = typeof status !== 'number' || status >= 500;
  end(span, isFault ? { fault } : { attributes: { 'error.type': fault } });
}

function contextOf(traceparent: string | undefined): Context {
  const parent = spanContextOf(traceparent);
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
}

function spanContextOf(text: string | undefined): SpanContext | undefined {
  const { traceparent } = traceparentOf(text);
  if (traceparent === undefined) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(context) ? context : undefined;
}

function textOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, '0')}`;
}
