/**
 * Asks again and again until the answer is there: for state that tells nobody when it changes, such as another process's HTTP answer.
 * @param ask returns undefined, false or throws while the answer is not there.
 * @throws Error with the last fault once `deadlineMs` is over.
 */
export async function eventually<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { deadlineMs = 15_000, pauseMs = 20 }: { readonly deadlineMs?: number; readonly pauseMs?: number } = {},
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let fault: unknown = new Error('the answer never came');
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      fault = error;
    }
    if (performance.now() >= end) throw new Error(`not within ${deadlineMs} ms`, { cause: fault });
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
