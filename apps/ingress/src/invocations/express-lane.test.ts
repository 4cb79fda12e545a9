/**
 * Goal: a flood of one function leaves the express lane to the others. Method: a whole ingress over
 * the in-memory broker, with a rate of 5 a second and a clock that is set by hand.
 */
import { expect, it, onTestFinished } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';

it('a function that stays above its rate is on the bulk lane, and others are on the express lane', async () => {
  const app = await IngressApp.start({ env: { INGRESS_EXPRESS_RATE_PER_SECOND: '5' } });
  onTestFinished(() => app.close());
  for (const name of ['noisy', 'quiet']) await app.createFunction(name);
  const invoke = async (name: string) => app.must('POST', `/fgs/functions/${name}/invocations-async`, {});
  for (let second = 0; second < 5; second++) {
    for (let call = 0; call < 20; call++) await invoke('noisy');
    await invoke('quiet');
    await app.clock.advance(1_000);
  }
  const counted = (topic: string, name: string) =>
    app.recordsOf(topic).filter(({ headers }) => headers['function-urn']?.includes(`:${name}:`)).length;
  const lanes = ['noisy', 'quiet'].map((name) => [counted('invocations', name), counted('invocations.bulk', name)]);
  expect(lanes).toEqual([
    [5, 95],
    [5, 0],
  ]);
});
