import { expect, it, onTestFinished } from 'vitest';
import { decodeInvocation } from '#contracts';
import { builtAt, ManualClock } from '#testing';
import { IngressApp } from '../testing/ingress-app.ts';

it('an ingress whose clock is refused is not ready, and accepts over HTTP by the time of the brokers', async () => {
  const clock = new ManualClock(builtAt);
  const app = await IngressApp.start({ clock });
  onTestFinished(async () => app.close());
  await app.createFunction('hello');
  clock.refuse(true);
  expect(await app.raw('GET', '/readyz')).toMatchObject({ status: 503, body: { failing: ['clock'] } });
  expect((await app.call('POST', '/fgs/functions/hello/invocations-async', {})).status).toBe(202);
  expect(app.recordsOf('invocations').map((record) => decodeInvocation(record).acceptedAt)).toEqual([builtAt]);
});
