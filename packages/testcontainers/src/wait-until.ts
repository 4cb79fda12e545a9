import { setTimeout as pause } from 'node:timers/promises';

const pauseMs = 100;

/**
 * Asks again until there is an answer.
 * @param ask returns undefined to be asked again.
 * @param lacking tells in words what did not come, for the error.
 * @throws Error if no answer came within `timeoutMs`.
 */
export async function waitUntil<T>(timeoutMs: number, ask: () => Promise<T | undefined>, lacking: () => string): Promise<T> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= giveUpAt) throw new Error(`${lacking()} (waited ${timeoutMs} ms; timeoutMs sets this time)`);
    await pause(pauseMs);
  }
}
