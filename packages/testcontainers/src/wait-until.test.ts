import { expect, it } from 'vitest';
import { waitUntil } from './wait-until.ts';

it('asks again until there is an answer', async () => {
  let asked = 0;
  expect(await waitUntil(5_000, async () => ((asked += 1) === 2 ? 'here' : undefined), String)).toBe('here');
});

it('says what did not come, and which setting waits longer', async () => {
  await expect(
    waitUntil(
      1,
      async () => undefined,
      () => 'no record came',
    ),
  ).rejects.toThrow('no record came (waited 1 ms; timeoutMs sets this time)');
});
