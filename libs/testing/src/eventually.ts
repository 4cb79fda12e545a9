/**
 * Polls until there is an answer. For state that emits no event when it changes, such as the HTTP
 * answers of another process.
 * @param ask returns undefined or false, or throws, until the answer is ready.
 * @throws Error after `deadlineMs`, caused by the last error of `ask`.
 */
export async function eventually<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { deadlineMs = 15_000, pauseMs = 20 }: { readonly deadlineMs?: number; readonly pauseMs?: number } = {},
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let lastError: unknown = new Error('the answer was undefined or false each time');
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= end) throw new Error(`no answer within ${deadlineMs} ms`, { cause: lastError });
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
