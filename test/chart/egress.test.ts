/**
 * Goal: functions reach no address by the rules that executors need, least of all the metadata
 * address of a cloud. Jobs before an upgrade reach what the new installation uses.
 * Method: the real helm renders the policies.
 */
import { describe, expect, it } from 'vitest';
import { helmProgram, type KubeObject, refusalOf, rendered, type Values } from './helm.ts';
import { variants } from './variants.ts';

const missing = 'missing' in helmProgram();

interface Rule {
  readonly ports?: readonly { readonly port: number | string; readonly protocol?: string }[];
  readonly to?: readonly { readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] } }[];
}

const policyOf = (objects: readonly KubeObject[], component: string) =>
  objects.find(
    ({ kind, spec }) => kind === 'NetworkPolicy' && spec.podSelector.matchLabels['app.kubernetes.io/component'] === component,
  );
const egressOf = (values: Values, component: string): readonly Rule[] =>
  (policyOf(rendered(values), component)?.spec.egress ?? []) as readonly Rule[];

/** True if a rule leads to the metadata address. */
function leadsToMetadata({ to, ports }: Rule): boolean {
  if (ports?.every(({ port }) => port === 53) === true) return false;
  if (to === undefined) return true;
  return to.some(({ ipBlock }) => ipBlock?.cidr === '0.0.0.0/0' && ipBlock.except?.includes('169.254.0.0/16') !== true);
}

const external = (endpoint: string, broker: string): Values => ({
  ...variants['external with everything'],
  'kafka.external.brokers': [broker],
  'objectStore.external': { endpoint, secret: 's3' },
  'tracing.endpoint': 'http://collector.monitoring.svc:4318',
  'networkPolicies.kafkaTo': [],
  'networkPolicies.objectStoreTo': [],
  'networkPolicies.tracesTo': [],
});

describe.skipIf(missing)('the executor and its neighbours', () => {
  it.each(['ingress', 'executor', 'retry-scheduler', 'notifier', 'status-logger'])(
    '%s reaches no metadata address',
    (service) => {
      for (const [what, values] of Object.entries(variants)) {
        if (values['networkPolicies.enabled'] === false) continue;
        expect([what, egressOf(values, service).filter(leadsToMetadata)]).toEqual([what, []]);
      }
    },
  );

  it('reach brokers, store and receiver whose hosts tell where they are', () => {
    const rules = egressOf(external('http://10.0.0.7', 'kafka-0.kafka.streams.svc.cluster.local:9092'), 'executor');
    const namespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });
    expect(rules.slice(0, 3)).toEqual([
      { ports: [{ port: 9092 }], to: [namespace('streams')] },
      { ports: [{ port: 4318 }], to: [namespace('monitoring')] },
      { ports: [{ port: 80 }], to: [{ ipBlock: { cidr: '10.0.0.7/32' } }] },
    ]);
  });

  it.each<[value: string, values: Values, names: string]>([
    ['kafkaTo', external('http://10.0.0.7', 'kafka.example:9092'), 'kafka.example:9092'],
    // Brokers tell clients of others, so one address is not enough.
    ['kafkaTo', external('http://10.0.0.7', '10.0.0.1:9092'), '10.0.0.1:9092'],
    ['kafkaTo', external('http://10.0.0.7', '[fd00::1]:9092'), '[fd00::1]:9092'],
    ['objectStoreTo', external('http://s3.example', 'kafka.streams.svc:9092'), 's3.example'],
    ['tracesTo', { 'tracing.endpoint': 'http://collector:4318' }, 'collector'],
  ])('are refused without %s for other hosts', (value, values, names) => {
    expect(refusalOf(values)).toContain(`networkPolicies.${value} is empty, and the addresses of ${names} are not known`);
  });

  it('are refused with all addresses', () => {
    const values = {
      ...external('http://s3.example', '10.0.0.1:9092'),
      'networkPolicies.objectStoreTo': [{ ipBlock: { cidr: '0.0.0.0/0' } }],
    };
    expect(refusalOf(values)).toContain('networkPolicies.objectStoreTo leads to the metadata address 169.254.169.254 too');
  });

  it.each(['functions.networksAllowed', 'webhooks.networksAllowed'])('are refused with all networks in %s', (value) => {
    expect(refusalOf({ [value]: ['0.0.0.0/0'] })).toContain(`${value}=0.0.0.0/0 leads to the metadata address`);
  });

  it('reach DNS servers on the ports of the cluster', () => {
    const text = JSON.stringify(
      rendered({ 'networkPolicies.dnsPorts': [53, 5353] }).find(({ metadata }) => metadata.name.endsWith('-dns')),
    );
    expect(text).toContain('{"protocol":"UDP","port":5353}');
  });
});

describe.skipIf(missing)('a Job that is a hook', () => {
  const objects = missing ? [] : rendered(variants['external with everything']);
  it.each(['setup', 'secrets'])('%s has a policy that is there before it, with DNS and its servers', (component) => {
    const policy = policyOf(objects, component);
    const job = objects.find(
      ({ kind, metadata }) => kind === 'Job' && metadata.labels['app.kubernetes.io/component'] === component,
    );
    const weightOf = (object?: KubeObject) => Number(object?.metadata.annotations?.['helm.sh/hook-weight']);
    expect(policy?.metadata.annotations?.['helm.sh/hook']).toBe('pre-install,pre-upgrade');
    expect(weightOf(policy)).toBeLessThan(weightOf(job));
    const ports = ((policy?.spec.egress ?? []) as readonly Rule[]).map(({ ports: given }) => given?.map(({ port }) => port));
    expect(ports).toEqual([[53, 53], component === 'setup' ? [9093] : [443, 6443, 8443]]);
  });

  it('of the bundled broker is none, and neither is its policy', () => {
    expect(policyOf(rendered(), 'setup')?.metadata.annotations).toBeUndefined();
  });
});
