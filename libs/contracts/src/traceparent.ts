const pattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The trace context of whoever asks, as a part of what is asked; empty where there is none, or one of another form.
 *
 * It becomes a header of the requests to functions: a line feed in it, which a Kafka header may have, would fail every one of them.
 * @see W3C Trace Context, traceparent header
 */
export function traceparentOf(text: unknown): { readonly traceparent?: string } {
  return typeof text === 'string' && pattern.test(text) ? { traceparent: text } : {};
}
