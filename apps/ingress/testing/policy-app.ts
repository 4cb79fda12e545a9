import { destinationTypes } from '#contracts';
import { IngressApp, type IngressAppOptions } from './ingress-app.ts';
import { MemoryKafka } from '#kafka/memory';

/**
 * Starts an ingress with a target of each kind, version `v1` of function `target` among them, and
 * an agency that grants all.
 */
export async function startPolicyApp(options: IngressAppOptions<MemoryKafka> = {}): Promise<IngressApp> {
  const app = await IngressApp.start(options);
  const grants = destinationTypes.map((type) => ({ type, resource: '*' }));
  await app.must('PUT', '/sendoff/agencies/any', { grants });
  await app.must('PUT', '/sendoff/buckets/results');
  await app.must('PUT', '/sendoff/streams/orders');
  await app.must('POST', '/notifications/topics', { name: 'news', display_name: 'The news' });
  await app.publish('target', 'v1');
  return app;
}

export const bareUrn = (name: string) => `urn:fss:local:p1:function:default:${name}`;
export const urnOf = (name: string, qualifier = 'latest') => `${bareUrn(name)}:${qualifier}`;
export const pathOf = (name: string) => `/fgs/functions/${name}/async-invoke-config`;

/** A destination in the form of bodies. */
export const to = (destination: string, param: unknown) => ({ destination, param: JSON.stringify(param) });
export const onSuccess = (destination: unknown) => ({ destination_config: { on_success: destination } });

/**
 * Calls for tests of policies.
 * @param app which has started by the time of the first call.
 */
export function policyCalls(app: () => IngressApp) {
  return {
    set: (name: string, body: unknown) => app().must('PUT', pathOf(name), body),
    show: (name: string) => app().must('GET', pathOf(name)),
    refused: async (name: string, body: unknown) => {
      const answer = await app().call('PUT', pathOf(name), body);
      return [answer.status, answer.body.error_code, answer.body.error_msg];
    },
    /** Creates a function that may use every target by default. */
    aFunction: (more: Readonly<Record<string, unknown>> = {}) => app().aFunction({ xrole: 'any', ...more }),
  };
}
