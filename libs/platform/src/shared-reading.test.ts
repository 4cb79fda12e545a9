import { expect, it } from 'vitest';
import { sharedReading } from './shared-reading.ts';

it('asks once for all who wait for the same answer, and again after it', async () => {
  const asked: string[] = [];
  const read = sharedReading(async (key: string) => {
    asked.push(key);
    await new Promise(setImmediate);
    return asked.length;
  });
  expect(await Promise.all([read('a'), read('a'), read('b')])).toEqual([2, 2, 2]);
  await read('a');
  expect(asked).toEqual(['a', 'b', 'a']);
});

it('shares an error, and asks again after it', async () => {
  let tries = 0;
  const read = sharedReading(async (_key: string) => {
    tries += 1;
    await new Promise(setImmediate);
    if (tries === 1) throw new Error('no answer');
    return 'told';
  });
  const both = await Promise.allSettled([read('a'), read('a')]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await read('a')).toBe('told');
});
