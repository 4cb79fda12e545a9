import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '#broker';
import { StartHealth } from './start-health.ts';

it('answers health checks while a start waits, and frees the port for the API', async () => {
  const port = await freePort();
  const health = new StartHealth({ host: '127.0.0.1', port });
  onTestFinished(() => health.close());
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return [answer.status, await answer.json()];
  };
  await expect(get('/healthz')).rejects.toThrow();
  await health.tell('no broker');
  await health.tell('no broker; the disk is full');
  expect(await get('/healthz')).toEqual([200, { status: 'ok' }]);
  expect(await get('/readyz')).toEqual([503, { status: 'not ready', failing: ['start'], reason: 'no broker; the disk is full' }]);
  expect(await get('/v2/p1/fgs/functions')).toEqual([
    503,
    { error_code: 'FSS.0503', error_msg: 'Sendoff is starting: no broker; the disk is full' },
  ]);
  await health.close();
  await health.tell('too late');
  const next = new StartHealth({ host: '127.0.0.1', port });
  await next.tell('again');
  expect(await get('/healthz')).toEqual([200, { status: 'ok' }]);
  await next.close();
});
