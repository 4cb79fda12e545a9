import { type AccessRight, accessRights } from '#contracts';

/** Where functions are named in paths. */
const functionRoutes = '/v2/:project/fgs/functions/:';
/** Where access keys are kept. */
const credentialRoutes = '/v2/:project/sendoff/credentials';
const invocationRoutes: ReadonlySet<string> = new Set([
  `${functionRoutes}urn/invocations-async`,
  `${functionRoutes}urn/invocations`,
]);

const cancelRoute = `${functionRoutes}urn/cancel`;

/** The rights any one of which a route needs. */
export function neededRights(method: string, route: string): readonly AccessRight[] {
  if (method === 'POST' && invocationRoutes.has(route)) return ['invoke'];
  // Whoever may begin an invocation may end it; so may whoever looks after the function.
  if (method === 'POST' && route === cancelRoute) return ['invoke', 'manage'];
  // What clients ask before anything else; it tells them no more than whose their credentials are.
  if (route.startsWith('/v3/')) return accessRights;
  if (route.startsWith(credentialRoutes)) return ['manage'];
  return method === 'GET' || method === 'HEAD' ? ['read'] : ['manage'];
}

/** The parameter of a route that names a function; undefined where its path names none. */
export function functionParameter(route: string): string | undefined {
  return /\/(?:functions|triggers)\/:(\w+)/.exec(route)?.[1];
}

/** Routes that make or list functions. */
const wholeRoutes: ReadonlySet<string> = new Set(['/v2/:project/fgs/functions', '/v2/:project/fgs/functions/import']);

/** Does a route itself look at what the caller may do? It makes or lists functions or access keys, which its path does not name. */
export function judgesItself(route: string): boolean {
  return wholeRoutes.has(route) || route.startsWith(credentialRoutes);
}
