import { GenericContainer } from 'testcontainers';
import { expect, it } from 'vitest';
import { SendoffContainer } from './sendoff-container.ts';

it('is a GenericContainer whose settings can be chained', () => {
  const container = new SendoffContainer('sendoff:1');
  expect(container).toBeInstanceOf(GenericContainer);
  expect(
    container.withFunction('f', 'code').withPolicy('f', {}).withKafkaImage('apache/kafka:4').withEnvironment({ A: 'b' }),
  ).toBe(container);
});

it('says before anything starts that a policy lacks its function', async () => {
  await expect(new SendoffContainer().withPolicy('f', {}).start()).rejects.toThrow("add withFunction('f', ...)");
});
