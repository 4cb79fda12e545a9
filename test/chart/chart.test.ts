/**
 * Goal: the chart gives each service the environment that it reads, and each pod the least rights.
 * Networks are closed. Values that do not work are refused with what to change.
 * Method: the real helm renders it. The config classes of the services read the environment.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ExecutorConfig } from '../../apps/executor/src/executor.config.ts';
import { IngressConfig } from '../../apps/ingress/src/ingress.config.ts';
import { NotifierConfig } from '../../apps/notifier/src/notifier.config.ts';
import { RetrySchedulerConfig } from '../../apps/retry-scheduler/src/retry-scheduler.config.ts';
import { AccountsConfig } from '../../apps/standalone/src/accounts-command/accounts.config.ts';
import { missingEntries } from '../../apps/standalone/src/secrets-command/missing-entries.ts';
import { StatusLoggerConfig } from '../../apps/status-logger/src/status-logger.config.ts';
import { kafkaAccounts, kafkaRightsOf, Topics } from '#contracts';
import { documentConfig, loadConfig, type ServiceConfig } from '#platform';
import { helmProgram, type KubeObject, lint, refusalOf, rendered, type Values } from './helm.ts';
import { variants } from './variants.ts';

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly Variable[];
  readonly securityContext: unknown;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
}

const program = helmProgram();
if ('missing' in program) it.skip(`the chart is not rendered: ${program.missing}`);

const configs: Readonly<Record<string, new () => ServiceConfig>> = {
  ingress: IngressConfig,
  executor: ExecutorConfig,
  'retry-scheduler': RetrySchedulerConfig,
  notifier: NotifierConfig,
  'status-logger': StatusLoggerConfig,
};
const services = Object.keys(configs);
/** Variables that the image sets. */
const imageEnvironment = { SENDOFF_HOST: '0.0.0.0', SERVICE_PORT: '8700', SENDOFF_DATA_DIR: '/var/lib/sendoff' };

const componentOf = ({ metadata }: KubeObject) => metadata.labels['app.kubernetes.io/component'] ?? '';
const ofKind = (objects: readonly KubeObject[], kind: string) => objects.filter((object) => object.kind === kind);

function deploymentOf(objects: readonly KubeObject[], service: string): KubeObject {
  const found = ofKind(objects, 'Deployment').find((object) => componentOf(object) === service);
  if (found === undefined) throw new Error(`no Deployment of ${service}`);
  return found;
}

/** The templates of all pods. */
function podsOf(objects: readonly KubeObject[]) {
  return objects.flatMap((object) => {
    if (object.kind === 'Pod') return [{ name: object.metadata.name, spec: object.spec }];
    const spec = object.spec?.template?.spec;
    return spec === undefined ? [] : [{ name: object.metadata.name, spec }];
  });
}

const containersOf = (spec: { containers: Container[]; initContainers?: Container[] }): readonly Container[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
];

/** The environment of a container, with Secrets of made entries. */
async function environmentOf(container: Container): Promise<Record<string, string>> {
  const made: Readonly<Record<string, string>> = await missingEntries({});
  const entries: Readonly<Record<string, string>> = {
    ...made,
    'database-url': 'postgres://u:p@h:5432/d',
    'otlp-headers': 'key=1',
  };
  const values = (container.env ?? []).map(({ name, value, valueFrom }) => {
    if (valueFrom === undefined) return [name, value ?? ''] as const;
    return [name, entries[valueFrom.secretKeyRef.key] ?? `no entry ${valueFrom.secretKeyRef.key}`] as const;
  });
  return Object.fromEntries(values);
}

describe.skipIf('missing' in program).each(Object.entries(variants))('an installation: %s,', (_what, values) => {
  const objects = 'missing' in program ? [] : rendered(values);

  it('passes the linter', () => {
    expect(lint(values)).toContain('0 chart(s) failed');
  });

  it.each(services)('gives %s what it reads and cannot start without, and nothing else', async (service) => {
    const config = configs[service] ?? IngressConfig;
    const [container] = deploymentOf(objects, service).spec.template.spec.containers as readonly [Container];
    const environment = await environmentOf(container);
    const known = new Set(documentConfig(config).map(({ env }) => env));
    // Kubernetes puts it into DATABASE_URL.
    known.add('POSTGRES_PASSWORD');
    expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
    expect(Object.values(environment).filter((value) => value.startsWith('no entry'))).toEqual([]);
    expect(() => loadConfig(config, { ...imageEnvironment, ...environment })).not.toThrow();
  });

  it('gives secrets by reference only, and to each service its own', () => {
    for (const service of services) {
      const secrets = new Set(
        documentConfig(configs[service] ?? IngressConfig).flatMap(({ env, isSecret }) => (isSecret ? [env] : [])),
      );
      const { env = [] } = deploymentOf(objects, service).spec.template.spec.containers[0] as Container;
      const plain = env.filter(({ name, value }) => secrets.has(name) && value !== undefined && !value.includes('$('));
      expect(plain, service).toEqual([]);
      expect(
        env.some(({ name }) => name === 'SENDOFF_PLATFORM_KEY'),
        service,
      ).toBe(service === 'ingress');
    }
  });

  it('gives no pod more rights than the level restricted, except the executor behind walls of the kernel', () => {
    const pods = podsOf(objects);
    expect(pods.length).toBeGreaterThan(5);
    for (const { name, spec } of pods) {
      expect(spec.securityContext, name).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(spec.enableServiceLinks, name).toBe(false);
      expect(spec.automountServiceAccountToken, name).toBe(name.endsWith('-secrets'));
      for (const container of containersOf(spec)) {
        const isRelaxed = values['functions.isolation'] === 'kernel' && container.name === 'executor';
        expect(container.securityContext, `${name} ${container.name}`).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
          ...(isRelaxed
            ? { procMount: 'Unmasked', seccompProfile: { type: 'Unconfined' }, appArmorProfile: { type: 'Unconfined' } }
            : {}),
        });
        if (isRelaxed) expect(spec.hostUsers).toBe(false);
      }
    }
  });

  it('stops no service before its drain of 25 s has ended, and spreads and protects its pods', () => {
    for (const service of services) {
      const { spec } = deploymentOf(objects, service).spec.template;
      const [sleep, seconds] = (spec.containers[0] as Container).lifecycle?.preStop.exec.command ?? [];
      expect(sleep).toBe('sleep');
      expect(spec.terminationGracePeriodSeconds - Number(seconds)).toBeGreaterThan(25);
      expect(spec.topologySpreadConstraints).toHaveLength(2);
      const [budget] = ofKind(objects, 'PodDisruptionBudget').filter((object) => componentOf(object) === service);
      expect(budget?.spec.selector.matchLabels).toEqual(deploymentOf(objects, service).spec.selector.matchLabels);
    }
  });

  it('leaves no hook behind when it is uninstalled, except the pod whose log helm test shows', () => {
    const left = objects.filter(({ metadata: { annotations = {} } }) => {
      const policy = annotations['helm.sh/hook-delete-policy'] ?? '';
      return annotations['helm.sh/hook'] !== undefined && !policy.includes('hook-succeeded');
    });
    expect(left.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(['Pod rel-sendoff-test']);
  });

  it('has a ServiceAccount for each pod, and only Services that find pods', () => {
    const accounts = new Set(ofKind(objects, 'ServiceAccount').map(({ metadata }) => metadata.name));
    for (const { name, spec } of podsOf(objects)) expect(accounts.has(spec.serviceAccountName), name).toBe(true);
    const labels = objects.map((object) => object.spec?.template?.metadata?.labels as Record<string, string> | undefined);
    for (const service of ofKind(objects, 'Service')) {
      const selector = Object.entries(service.spec.selector as Record<string, string>);
      expect(labels.some((all) => all !== undefined && selector.every(([key, value]) => all[key] === value))).toBe(true);
    }
  });
});

describe.skipIf('missing' in program)('the bundled servers', () => {
  const objects = 'missing' in program ? [] : rendered();
  const compose = readFileSync(resolve(import.meta.dirname, '../../docker/compose.yaml'), 'utf8');

  it('have the images of the compose file', () => {
    for (const set of ofKind(objects, 'StatefulSet'))
      for (const { image } of set.spec.template.spec.containers as readonly Container[]) expect(compose).toContain(image);
  });

  it('get passwords of all accounts from the Job', async () => {
    const [job] = ofKind(objects, 'Job').filter((object) => componentOf(object) === 'setup');
    const environment = await environmentOf(job?.spec.template.spec.containers[0] as Container);
    expect(() => loadConfig(AccountsConfig, environment)).not.toThrow();
    expect(environment).toMatchObject({ KAFKA_USERNAME: 'broker', KAFKA_SASL_MECHANISM: 'PLAIN' });
  });
});

describe.skipIf('missing' in program)('Strimzi', () => {
  it('gives each account the rights of docs/kafka-acls.md', () => {
    const objects = rendered({ 'kafka.kind': 'strimzi', 'kafka.strimzi.cluster': 'c', 'kafka.topicPrefix': 'p.' });
    for (const account of kafkaAccounts) {
      const user = ofKind(objects, 'KafkaUser').find(({ metadata }) => metadata.name === `p.${account}`);
      const acls = user?.spec.authorization.acls as readonly {
        readonly resource: { readonly name: string; readonly patternType: string };
        readonly operations: readonly string[];
      }[];
      const shown = acls.map(({ resource, operations }) => [
        resource.name,
        resource.patternType,
        operations.map((word) => word.toLowerCase()),
      ]);
      const wanted = kafkaRightsOf(account, new Topics('p.')).map(({ name, pattern, operations }) => [
        name,
        pattern === 'prefixed' ? 'prefix' : 'literal',
        operations.map((word) => word.toLowerCase()),
      ]);
      expect(shown, account).toEqual(wanted);
    }
  });
});

/** The rules of a NetworkPolicy, as far as the chart uses them. */
interface Rule {
  readonly from?: readonly { readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> } }[];
  readonly to?: Rule['from'];
}

describe.skipIf('missing' in program)('networks', () => {
  const policies = 'missing' in program ? [] : ofKind(rendered(), 'NetworkPolicy');
  const policyOf = (component: string) =>
    policies.find((policy) => policy.spec.podSelector.matchLabels['app.kubernetes.io/component'] === component);
  const peersOf = (rules: readonly Rule[] = [], side: 'from' | 'to') =>
    rules
      .flatMap((rule) => rule[side] ?? [])
      .map(({ podSelector }) => podSelector?.matchLabels['app.kubernetes.io/component'] ?? 'addresses');

  it.each<[component: string, from: readonly string[], to: readonly string[]]>([
    ['executor', ['ingress'], ['kafka', 'object-store', 'addresses', 'addresses']],
    ['status-logger', ['ingress'], ['kafka', 'postgresql']],
    ['retry-scheduler', [], ['kafka']],
    ['notifier', [], ['kafka', 'object-store', 'addresses', 'addresses']],
    ['postgresql', ['status-logger'], []],
    ['object-store', ['ingress', 'executor', 'notifier'], []],
    ['test', [], ['ingress']],
  ])('%s is reached by %j, and reaches %j', (component, from, to) => {
    const { spec } = policyOf(component) ?? {};
    expect(peersOf(spec?.ingress, 'from')).toEqual(from);
    expect(peersOf(spec?.egress, 'to')).toEqual(to);
  });

  it('let every service, and nothing else, reach the receiver of traces on its port', () => {
    const tracesTo = [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }];
    const traced = ofKind(
      rendered({ 'tracing.endpoint': 'http://collector.monitoring:4318', 'networkPolicies.tracesTo': tracesTo }),
      'NetworkPolicy',
    );
    const reaching = traced.filter(({ spec }) =>
      ((spec.egress ?? []) as object[]).some(
        (rule) => JSON.stringify(rule) === JSON.stringify({ ports: [{ port: 4318 }], to: tracesTo }),
      ),
    );
    const components = reaching.map(({ spec }) => spec.podSelector.matchLabels['app.kubernetes.io/component']);
    expect(new Set(components)).toEqual(new Set(services));
  });

  it('refuse everything else, and no private address is public', () => {
    const all = policies.find(({ metadata }) => metadata.name.endsWith('-all'));
    expect(all?.spec).toEqual({
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'sendoff', 'app.kubernetes.io/instance': 'rel' } },
      policyTypes: ['Ingress', 'Egress'],
    });
    const executor = JSON.stringify(policyOf('executor')?.spec.egress);
    for (const network of ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'])
      expect(executor).toContain(network);
  });
});

const routesOfConsole = readFileSync('apps/console/src/app.tsx', 'utf8');

it.skipIf('missing' in program)('each pod can be led to nodes with a taint', () => {
  const placed = { nodeSelector: { pool: 'sendoff' }, tolerations: [{ key: 'pool', operator: 'Exists' }] };
  const ofServices = Object.fromEntries(
    services.flatMap((service) => Object.entries(placed).map(([name, value]) => [`services.${service}.${name}`, value])),
  );
  const objects = rendered({
    ...ofServices,
    'otherPods.nodeSelector': placed.nodeSelector,
    'otherPods.tolerations': placed.tolerations,
  });
  const pods = objects.flatMap(({ kind, spec }) =>
    kind === 'Pod' ? [spec] : spec?.template === undefined ? [] : [spec.template.spec],
  );
  expect(pods.length).toBeGreaterThan(9);
  for (const pod of pods) expect(pod).toMatchObject(placed);
});

describe.skipIf('missing' in program)('Ingress and HTTPRoute', () => {
  const pages = [
    'assets',
    ...new Set([...routesOfConsole.matchAll(/path="\/(\w+)/g)].map(([, page]) => page)),
    'buckets',
    'streams',
  ];
  const all = 'missing' in program ? [] : rendered(variants['external with everything']);
  const prefixes = {
    Ingress: (ofKind(all, 'Ingress')[0]?.spec.rules[0].http.paths ?? []) as readonly {
      readonly path: string;
      readonly pathType: string;
    }[],
    HTTPRoute: (
      (ofKind(all, 'HTTPRoute')[0]?.spec.rules ?? []) as readonly {
        readonly matches: { path: { value: string; type: string } }[];
      }[]
    )
      .flatMap(({ matches }) => matches)
      .map(({ path: { value, type } }) => ({ path: value, pathType: type.replace('PathPrefix', 'Prefix') })),
  };

  it.each(['Ingress', 'HTTPRoute'] as const)(
    '%s leads to each page of the console and both documents, and to no metrics',
    (kind) => {
      const found = prefixes[kind].map(({ path, pathType }) => `${pathType} ${path}`);
      expect(found).toEqual(
        expect.arrayContaining([...pages.map((page) => `Prefix /${page}`), 'Exact /', 'Prefix /asyncapi.json']),
      );
      expect(found).not.toContain('Prefix /');
    },
  );
});

describe.skipIf('missing' in program)('scaling', () => {
  const objects = 'missing' in program ? [] : rendered(variants['external with everything']);

  it('follows what more executors would run, and neither lag nor waits', () => {
    const [scaled] = ofKind(objects, 'ScaledObject');
    const triggers: readonly { readonly metadata: { readonly query: string } }[] = scaled?.spec.triggers ?? [];
    const queries = triggers.map(({ metadata }) => metadata.query);
    expect(queries).toEqual([
      'sum(sendoff_runnable_invocations{namespace="ns",app_kubernetes_io_instance="rel"})',
      'max(sendoff_runnable_oldest_age_seconds{namespace="ns",app_kubernetes_io_instance="rel"})',
    ]);
    expect(scaled?.spec.scaleTargetRef.name).toBe(deploymentOf(objects, 'executor').metadata.name);
  });

  it('leaves the number of executors to KEDA, and begins with its least', () => {
    expect(deploymentOf(objects, 'executor').spec.replicas).toBe(2);
    expect(deploymentOf(objects, 'notifier').spec.replicas).toBe(2);
  });
});

describe.skipIf('missing' in program)('values that do not work', () => {
  it.each<[what: string, values: Values, says: string]>([
    ['an unknown value', { 'kafka.brokers': 'k:9092' }, 'brokers'],
    ['a wrong type', { 'services.executor.replicas': 'many' }, 'replicas'],
    ['a stop shorter than the drain', { terminationGracePeriodSeconds: 20 }, 'terminationGracePeriodSeconds'],
    [
      'KEDA without a way to its metrics',
      { 'autoscaling.enabled': true, 'autoscaling.prometheusUrl': 'http://p:9090' },
      'autoscaling.enabled needs Prometheus, which may scrape no service: set networkPolicies.metricsFrom',
    ],
    [
      'more pods than partitions',
      { 'services.executor.replicas': 50 },
      'services.executor.replicas=50 is above kafka.partitions=12',
    ],
    ['external brokers without addresses', { 'kafka.kind': 'external' }, 'list the bootstrap brokers'],
    ['Strimzi without a cluster', { 'kafka.kind': 'strimzi' }, 'kafka.strimzi.cluster is empty'],
    ['replicas of one broker', { 'kafka.replication': 3 }, 'kafka.replication must be 1'],
    ['an external database without a URL', { 'database.kind': 'external' }, 'database.external.urlSecret is empty'],
    ['an external store without an address', { 'objectStore.kind': 'external' }, 'objectStore.external needs endpoint'],
    ['walls of the kernel in a restricted pod', { 'functions.isolation': 'kernel' }, 'not possible in a restricted pod'],
    ['KEDA without Prometheus', { 'autoscaling.enabled': true }, 'autoscaling.prometheusUrl is empty'],
    [
      'more executors than partitions',
      { autoscaling: { enabled: true, prometheusUrl: 'http://p', replicasMax: 13 } },
      'above kafka.partitions=12',
    ],
    [
      'a setting that the chart makes',
      { 'services.ingress.settings': { KAFKA_BROKERS: 'k:1' } },
      'KAFKA_BROKERS is set by the chart',
    ],
    [
      'a setting that no service reads',
      { 'services.executor.settings': { EXECUTOR_ATTEMPT_MAX: 5 } },
      'services.executor.settings.EXECUTOR_ATTEMPT_MAX is no setting of this service: docs/config.md',
    ],
    [
      'a setting of another service',
      { 'services.notifier.settings': { EXECUTOR_ATTEMPTS_MAX: 5 } },
      'services.notifier.settings.EXECUTOR_ATTEMPTS_MAX is no setting of this service',
    ],
    [
      'a drain that is longer than the stop',
      { 'services.executor.settings': { DRAIN_TIMEOUT_MS: 60_000 } },
      'services.executor.settings.DRAIN_TIMEOUT_MS=60000 is above 24000',
    ],
    [
      'a certificate for no service',
      { 'kafka.external.certificateSecrets': { executer: 's' } },
      "at '/kafka/external/certificateSecrets': additional properties 'executer' not allowed",
    ],
    ['an account for no service', { 'kafka.external.usernames': { executer: 's' } }, "at '/kafka/external/usernames'"],
  ])('%s', (_what, values, says) => {
    expect(refusalOf(values)).toContain(says);
  });

  it.each([
    ['1.28.9', {}, 'needs 1.29 or newer'],
    ['1.20.0', {}, '--kube-version 1.34.0'],
    ['1.32.0', { 'functions.securityProfile': 'user-namespaces' }, 'needs Kubernetes 1.33 or newer'],
  ])('Kubernetes %s with %j', (version, values, says) => {
    expect(refusalOf(values, version)).toContain(says);
  });

  it('are reported together', () => {
    const refusal = refusalOf({ 'kafka.kind': 'strimzi', 'database.kind': 'external' });
    expect(refusal).toContain('kafka.strimzi.cluster');
    expect(refusal).toContain('database.external.urlSecret');
  });
});

it('the files for Prometheus and Grafana can be read', () => {
  const files = resolve(import.meta.dirname, '../../deploy/helm/sendoff/files');
  expect(Array.isArray((parse(readFileSync(join(files, 'alerts.yaml'), 'utf8')) as { readonly groups: unknown }).groups)).toBe(
    true,
  );
  expect(() => JSON.parse(readFileSync(join(files, 'dashboard.json'), 'utf8')) as unknown).not.toThrow();
});
