import { afterEach, describe, expect, it } from 'vitest';
import type { IsolationLevel } from '#platform';
import { IngressApp } from '../../testing/ingress-app.ts';

describe('a limited key with the right to manage', () => {
  let app: IngressApp;
  afterEach(async () => app.close());

  /** The answers to a change and to a look by a key for some functions. */
  const answersAt = async (level: IsolationLevel | undefined, env: Record<string, string> = {}) => {
    app = await IngressApp.start({ walls: { level: () => level }, env });
    await app.createFunction('hello');
    const created = await app.call('POST', '/sendoff/credentials', { rights: ['read', 'manage'], functions: ['h*'] });
    const key = { accessKey: created.body.access_key as string, secretKey: created.body.secret_key as string };
    const change = await app.signed(
      'PUT',
      '/fgs/functions/hello/code',
      {
        code_type: 'inline',
        func_code: { file: 'YQ==' },
      },
      key,
    );
    const look = await app.signed('GET', '/fgs/functions/hello/config', undefined, key);
    return { change, look };
  };

  it('manages while functions have walls of the kernel', async () => {
    const { change, look } = await answersAt('kernel');
    expect([change.status, look.status]).toEqual([200, 200]);
  });

  it.each([
    ['process', 'isolation level process'],
    ['none', 'isolation level none'],
    [undefined, 'does not tell its walls'],
  ] as const)('only reads while the walls are: %s', async (level, reason) => {
    const { change, look } = await answersAt(level);
    expect([change.status, change.body.error_code, look.status]).toEqual([403, 'FSS.1099', 200]);
    expect(change.body.error_msg).toContain(reason);
    expect(change.body.error_msg).toContain('FUNCTION_ISOLATION=none');
  });

  it('manages if the operator declares all code trusted', async () => {
    const { change } = await answersAt('none', { FUNCTION_ISOLATION: 'none' });
    expect(change.status).toBe(200);
  });

  it('does not keep unlimited keys and tokens from managing', async () => {
    app = await IngressApp.start({ walls: { level: () => 'process' } });
    await app.createFunction('hello');
    const created = await app.call('POST', '/sendoff/credentials', { rights: ['manage'] });
    const key = { accessKey: created.body.access_key as string, secretKey: created.body.secret_key as string };
    expect((await app.signed('DELETE', '/fgs/functions/hello', undefined, key)).status).toBe(204);
  });
});
