/** The end of a request id. Ids of the same minute begin alike. */
export function shortId(requestId: string): string {
  return `…${requestId.slice(-8)}`;
}
