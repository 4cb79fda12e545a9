/** Version ff, and ids of zeros only, are invalid. */
const pattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * Reads the trace context of a caller, as a part of an object. The object is empty if the text is
 * missing or malformed.
 *
 * The text becomes a header of HTTP requests to functions. A Kafka header may hold a line feed, and
 * an HTTP header with one would make every attempt fail.
 * @see W3C Trace Context, traceparent header
 */
export function traceparentOf(text: unknown): { readonly traceparent?: string } {
  return typeof text === 'string' && pattern.test(text) ? { traceparent: text } : {};
}
