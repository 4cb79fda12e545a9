import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp, type Route } from '../testing/ingress-app.ts';

let app: IngressApp;

beforeAll(async () => {
  app = await IngressApp.start();
});
afterAll(() => app?.close());

/** Does a route with parameters also match the path of another route? */
function hides(general: Route, { method, path }: Route): boolean {
  if (general.method !== method || general.path === path) return false;
  const [parts, others] = [general.path.split('/'), path.split('/')];
  return parts.length === others.length && parts.every((part, at) => part === others[at] || part.startsWith(':'));
}

describe('the order of modules', () => {
  it('adds a fixed path before a path with a parameter in its place', () => {
    const order = app.routes.map(({ method, path }) => `${method} ${path}`);
    const pairs = app.routes.flatMap((general) =>
      app.routes.filter((fixed) => hides(general, fixed)).map((fixed) => [fixed, general]),
    );
    expect(pairs.length).toBeGreaterThan(0);
    const late = pairs
      .map((pair) => pair.map(({ method, path }) => `${method} ${path}`))
      .filter(([fixed = '', general = '']) => order.indexOf(fixed) > order.indexOf(general));
    expect(late).toEqual([]);
  });

  it.each(['enable-async-status-logs', 'async-status-log-detail', 'reservedinstanceconfigs', 'reservedinstances'])(
    'adds functions/%s before functions/:urn',
    (name) => {
      const paths = app.routes.map(({ path }) => path);
      const fixed = paths.indexOf(`/v2/:project/fgs/functions/${name}`);
      const ofFunction = paths.indexOf('/v2/:project/fgs/functions/:urn');
      expect([fixed >= 0, fixed < ofFunction]).toEqual([true, true]);
    },
  );

  it.each(['async-status-log-detail', 'reservedinstanceconfigs', 'reservedinstances'])(
    'answers GET functions/%s as the operation of that name, not as a function',
    async (path) => {
      const { body } = await app.call('GET', `/fgs/functions/${path}`);
      expect(body).not.toMatchObject({ error_code: 'FSS.1051' });
    },
  );
});
