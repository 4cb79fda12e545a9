/**
 * Goal: the chart fits into what a company has: its authorities, labels, accounts, volumes and
 * variables. No value of the operator can break how the chart finds its own objects.
 * Method: the real helm renders it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StatusLoggerConfig } from '../../apps/status-logger/src/status-logger.config.ts';
import { NotifierConfig } from '../../apps/notifier/src/notifier.config.ts';
import { documentConfig } from '#platform';
import { helmProgram, type KubeObject, refusalOf, rendered, type Values } from './helm.ts';
import { fitted } from './variants.ts';

const program = helmProgram();
const missing = 'missing' in program;

interface Pod {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- the tests look at many fields
  readonly spec: any;
}

/** Pods by component. */
function podsOf(objects: readonly KubeObject[]): ReadonlyMap<string, Pod> {
  const pods = objects.flatMap(({ kind, metadata, spec }): Pod[] => {
    if (kind === 'Pod') return [{ labels: metadata.labels, annotations: metadata.annotations ?? {}, spec }];
    if (spec?.template?.spec?.containers === undefined) return [];
    return [{ labels: {}, annotations: {}, ...spec.template.metadata, spec: spec.template.spec }];
  });
  return new Map(pods.map((pod) => [pod.labels['app.kubernetes.io/component'] ?? '', pod]));
}

describe.skipIf(missing)('an installation that fits into a company', () => {
  const objects = missing ? [] : rendered(fitted);
  const pods = podsOf(objects);
  const podOf = (component: string): Pod => {
    const pod = pods.get(component);
    if (pod === undefined) throw new Error(`no pod of ${component}`);
    return pod;
  };
  const variableOf = (component: string, name: string) =>
    (podOf(component).spec.containers[0].env as readonly { readonly name: string; readonly value?: string }[]).find(
      (one) => one.name === name,
    );

  it.each([
    ['status-logger', 'DATABASE_CA_FILE', 'database-ca', 'corporate-ca'],
    ['ingress', 'S3_CA_FILE', 'object-store-ca', 'corporate-ca'],
    ['executor', 'S3_CA_FILE', 'object-store-ca', 'corporate-ca'],
    ['notifier', 'S3_CA_FILE', 'object-store-ca', 'corporate-ca'],
    ['retry-scheduler', 'OTEL_EXPORTER_OTLP_CERTIFICATE', 'traces-ca', 'collector-ca'],
  ])('gives %s the authorities of %s', (component, variable, volume, secretName) => {
    expect(variableOf(component, variable)?.value).toBe(`/etc/sendoff/${volume}/ca.crt`);
    const { spec } = podOf(component);
    expect(spec.volumes).toContainEqual({
      name: volume,
      secret: expect.objectContaining({ secretName, items: [{ key: 'ca.crt', path: 'ca.crt' }] }) as object,
    });
    expect(spec.containers[0].volumeMounts).toContainEqual({ name: volume, mountPath: `/etc/sendoff/${volume}`, readOnly: true });
  });

  it('names only variables that the services read', () => {
    const known = (config: new () => object) => documentConfig(config).map(({ env }) => env);
    expect(known(StatusLoggerConfig)).toEqual(expect.arrayContaining(['DATABASE_CA_FILE', 'OTEL_EXPORTER_OTLP_CERTIFICATE']));
    expect(known(NotifierConfig)).toContain('S3_CA_FILE');
    expect(variableOf('status-logger', 'S3_CA_FILE')).toBeUndefined();
    expect(variableOf('retry-scheduler', 'S3_CA_FILE')).toBeUndefined();
  });

  it('adds volumes and variables to a service and its init container', () => {
    const { spec } = podOf('executor');
    expect(spec.volumes).toContainEqual({ name: 'models', persistentVolumeClaim: { claimName: 'models' } });
    for (const container of [...spec.initContainers, ...spec.containers]) {
      expect(container.volumeMounts).toContainEqual({ name: 'models', mountPath: '/models', readOnly: true });
      expect(container.env).toContainEqual({ name: 'HTTPS_PROXY', value: 'http://proxy:3128' });
      expect(container.env).toContainEqual({ name: 'KAFKA_KEY_PASSPHRASE', value: 'p' });
      expect(container.envFrom).toEqual([{ secretRef: { name: 'more' } }]);
    }
    expect(podOf('notifier').spec.containers[0].envFrom).toBeUndefined();
  });

  it('labels every object and pod, annotates every object, and keeps its own annotations', () => {
    for (const { kind, metadata } of objects) {
      expect([kind, metadata.name, metadata.labels['team']]).toEqual([kind, metadata.name, 'platform']);
      expect([kind, metadata.name, metadata.annotations?.['owner']]).toEqual([kind, metadata.name, 'o@example.com']);
    }
    for (const [component, { labels }] of pods) expect([component, labels['team']]).toEqual([component, 'platform']);
    expect(podOf('executor').labels['tier']).toBe('functions');
    for (const component of ['test', 'setup', 'secrets', 'kafka', 'postgresql', 'object-store'])
      if (pods.has(component))
        expect(podOf(component)).toMatchObject({ labels: { tier: 'other' }, annotations: { mesh: 'off' } });
    expect(podOf('test').annotations['helm.sh/hook']).toBe('test');
    const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'rel-sendoff-ingress');
    expect(service?.metadata.annotations).toMatchObject({ internal: 'true', owner: 'o@example.com' });
  });

  it('uses the accounts of the owner, makes no others for these pods, and no rights', () => {
    const accounts = [...pods].map(([component, { spec }]) => [component, spec.serviceAccountName]);
    expect(Object.fromEntries(accounts)).toMatchObject({
      executor: 'runs-functions',
      notifier: 'rel-sendoff-notifier',
      test: 'others',
      setup: 'others',
      secrets: 'makes-secrets',
    });
    const made = objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name);
    expect(made.sort()).toEqual(['ingress', 'notifier', 'retry-scheduler', 'status-logger'].map((name) => `rel-sendoff-${name}`));
    expect(objects.filter(({ kind }) => kind.startsWith('Role'))).toEqual([]);
  });
});

it.skipIf(missing).each([
  ['services.executor.podLabels', { 'app.kubernetes.io/component': 'mine' }],
  ['services.ingress.podLabels', { 'helm.sh/chart': 'mine' }],
  ['otherPods.podLabels', { 'app.kubernetes.io/instance': 'mine' }],
  ['commonLabels', { 'app.kubernetes.io/name': 'mine' }],
  ['monitoring.dashboard.labels', { 'app.kubernetes.io/name': 'mine' }],
])('%s cannot set %j', (value, labels) => {
  expect(refusalOf({ [value]: labels })).toContain(
    `${value} sets ${Object.keys(labels)[0]}, by which the chart finds its objects`,
  );
});

it.skipIf(missing).each<[value: string, given: unknown, says: string]>([
  ['services.executor.extraEnv', [{ name: 'KAFKA_BROKERS', value: 'k' }], 'services.executor.extraEnv sets KAFKA_BROKERS'],
  ['services.executor.extraVolumes', [{ name: 'tmp', emptyDir: {} }], 'names a volume tmp, as the chart does'],
  ['services.executor.extraVolumes', [{ emptyDir: {} }], 'name'],
])('%s cannot be %j', (value, given, says) => {
  expect(refusalOf({ [value]: given })).toContain(says);
});

it.skipIf(missing)('two values cannot set the same label', () => {
  expect(refusalOf({ commonLabels: { team: 'a' }, 'services.executor.podLabels': { team: 'b' } })).toContain(
    'services.executor.podLabels sets team, as commonLabels does',
  );
});

it.skipIf(missing)('authorities of a store without TLS are refused', () => {
  const external = { endpoint: 'http://s3.example', secret: 's', caSecret: 'ca' };
  expect(refusalOf({ 'objectStore.kind': 'external', 'objectStore.external': external })).toContain(
    'objectStore.external.caSecret needs an endpoint that begins with https://',
  );
});

describe.skipIf(missing)('a cluster that chooses the users', () => {
  const none = { runAsUser: null, runAsGroup: null, fsGroup: null };
  const values = {
    podSecurity: none,
    'kafka.bundled.podSecurity': none,
    'database.bundled.podSecurity': none,
    'objectStore.bundled.podSecurity': none,
  };
  it.each([...podsOf(missing ? [] : rendered(values))])('chooses that of %s', (_component, { spec }) => {
    expect(Object.keys(spec.securityContext as object).sort()).toEqual(['fsGroupChangePolicy', 'runAsNonRoot', 'seccompProfile']);
  });

  it('may get other numbers', () => {
    const { spec } =
      podsOf(rendered({ 'podSecurity.runAsUser': 1_000_650_000, 'podSecurity.runAsGroup': 0 })).get('ingress') ?? {};
    expect(spec.securityContext).toMatchObject({ runAsUser: 1_000_650_000, runAsGroup: 0, fsGroup: 1000 });
  });
});

it.skipIf(missing)('two releases with the same beginning have other names, none above 63 characters', () => {
  const long = 'a-release-of-the-team-payments-in-the-region-eu';
  const namesOf = (release: string) => rendered({}, { release }).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  const [one, other] = [namesOf(`${long}-1`), namesOf(`${long}-2`)];
  expect(one.filter((name) => other.includes(name))).toEqual([]);
  for (const name of one) expect((name.split('/')[1] ?? '').length).toBeLessThan(64);
});

describe.skipIf(missing)('alert rules', () => {
  const rulesOf = (values: Values) =>
    rendered({ 'monitoring.alerts.enabled': true, ...values }).find(({ metadata }) => metadata.name === 'rel-sendoff-alerts')
      ?.data?.['sendoff-alerts.yaml'] ?? '';
  it.each<[values: Values, matchers: string]>([
    [{}, 'namespace="ns",app_kubernetes_io_instance="rel"'],
    [{ 'monitoring.selector': 'job=~"sendoff-.*$"' }, 'job=~"sendoff-.*$"'],
  ])('with %j follow the metrics of one installation', (values, matchers) => {
    const rules = rulesOf(values);
    const metrics = rules.match(/sendoff_\w+(\{[^}]*\})?/g) ?? [];
    expect(metrics.length).toBeGreaterThan(20);
    expect(metrics.filter((metric) => !metric.includes(`{${matchers}`))).toEqual([]);
    if (spawnSync('promtool', ['--version']).status !== 0) return;
    const folder = mkdtempSync(join(tmpdir(), 'sendoff-rules-'));
    writeFileSync(join(folder, 'rules.yaml'), rules);
    const { stdout } = spawnSync('promtool', ['check', 'rules', join(folder, 'rules.yaml')], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    expect(stdout).toContain('SUCCESS: 15 rules found');
  });
});
