/**
 * The spec of a route: who may use it, and how large its body may be.
 *
 * 1. A route without a spec stops the start. So nobody adds an open route, or one with a guessed
 *    right, by accident.
 * 2. Controllers declare the spec by `@Operation`, raw routes by `config.operation`. Routes of
 *    other packages are listed by path.
 */
import type { FastifyInstance } from 'fastify';
import type { AccessRight } from '#contracts';
import type { FileField } from '#objects';

/** Anyone may use the route, without credentials. */
export interface OpenAccess {
  readonly isOpen: true;
  readonly right?: never;
  readonly reach?: never;
  readonly shownWithoutRead?: never;
}

/** How a limited key may use an operation, in the words of the documentation. */
export const reaches = {
  function: 'for its functions',
  topic: 'for its topics',
  agency: 'for its agencies',
  place: 'for buckets and streams that its agencies grant',
  key: 'for keys that may do no more than itself',
  redrive: 'for redrives of its functions',
  list: 'and sees only what is its own',
  body: 'if the body names only what is its own',
  everyone: 'as any other key',
  project: 'not at all',
} as const;

/**
 * The things that a limited key may use a route for.
 *
 * - `function`: the path parameter `urn` names a function. The door checks it.
 * - `project`: the route concerns the whole project. The door refuses limited keys.
 * - `everyone`: the route shows nothing that belongs to anybody.
 * - All others: the controller refuses or leaves out names that the caller's patterns do not match.
 */
export type Reach = keyof typeof reaches;

/** Callers with a right may use the route. */
export interface GuardedAccess {
  readonly isOpen?: false;
  /** The right that a caller needs; of several, any one is enough. */
  readonly right: AccessRight | readonly AccessRight[];
  readonly reach: Reach;
  /**
   * The fields of the answer that a caller without the right to read gets. Default: none. It is
   * required where another right than `read` opens the route and the answer has a body.
   */
  readonly shownWithoutRead?: readonly string[];
}

/** The spec of a route. */
export type RouteSpec = (OpenAccess | GuardedAccess) & {
  /** The largest body that the route reads. Default: 1 MiB. */
  readonly bodyBytesMax?: number;
  /**
   * The field of the JSON body that holds a file in Base64. Of bodies over 1 MiB few are read at
   * once, and a worker thread takes the file out.
   */
  readonly fileField?: FileField;
};

/** Returns the rights that open a route; none if anyone may use it. */
export function rightsOf({ right = [] }: Pick<RouteSpec, 'right'>): readonly AccessRight[] {
  return typeof right === 'string' ? [right] : right;
}

/** A route that another package adds, with the spec that it cannot give. */
export interface RawRoute {
  /** As Fastify takes it. */
  readonly path: string;
  readonly operation: RouteSpec;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Present on every route. */
    operation?: RouteSpec;
  }
}

/**
 * Gives every route its spec; call it before any route is added.
 * @param routes specs of routes that do not bring one.
 * @throws Error where a route is added that has no spec.
 */
export function requireSpecs(fastify: FastifyInstance, routes: readonly RawRoute[]): void {
  const specs = new Map(routes.map(({ path, operation }) => [path, operation]));
  fastify.addHook('onRoute', (route) => {
    const operation = route.config?.operation ?? specs.get(route.url);
    if (operation === undefined)
      throw new Error(
        `the route ${String(route.method)} ${route.url} has no spec: declare it with @Operation or config.operation`,
      );
    route.config = { ...route.config, operation };
    if (operation.bodyBytesMax !== undefined) route.bodyLimit = operation.bodyBytesMax;
  });
}
