/**
 * Goal: values that fit the chart into a company work on a real node at the level `restricted`.
 * They are a long name, no claims, KEDA, and accounts, volumes and variables of the operator.
 * Method: one installation with all of them. No KEDA runs, so the test scales as KEDA would.
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtFolder } from '../chart/helm.ts';
import { imagesMissing } from './images.ts';
import { KubernetesNode, nodeMissing } from './kubernetes-node.ts';
import { prepare, Release } from './release.ts';

const missing = nodeMissing() ?? (await imagesMissing());
if (missing !== undefined) it.skip(`no node runs the chart: ${missing}`);

const name = 'the-installation-of-a-department-with-a-long-name';
const full = `${name}-sendoff`;
const beginning = `${full.slice(0, 31)}-${createHash('sha256').update(full).digest('hex').slice(0, 8)}`;

const values = {
  commonLabels: { department: 'trains' },
  secrets: { serviceAccountName: 'own-secrets' },
  otherPods: { serviceAccountName: 'own', podAnnotations: { 'example.com/other': 'yes' } },
  kafka: { bundled: { storage: { persistent: false } } },
  database: { bundled: { storage: { persistent: false } } },
  objectStore: { bundled: { storage: { persistent: false } } },
  services: {
    executor: {
      serviceAccountName: 'own',
      settings: { EXECUTOR_ATTEMPTS_MAX: 300, FUNCTION_TMP_BYTES: 1_073_741_824 },
      extraEnv: [{ name: 'FROM_SECRET', valueFrom: { secretKeyRef: { name: 'own', key: 'entry' } } }],
      extraEnvFrom: [{ secretRef: { name: 'own' } }],
      extraVolumes: [{ name: 'own', secret: { secretName: 'own' } }],
      extraVolumeMounts: [{ name: 'own', mountPath: '/etc/own', readOnly: true }],
    },
  },
  networkPolicies: { metricsFrom: [{ podSelector: {} }] },
  autoscaling: { enabled: true, prometheusUrl: 'http://prometheus.example', replicasMin: 1, replicasMax: 3 },
};

const object = (apiVersion: string, kind: string, called: string, more: object) => ({
  apiVersion,
  kind,
  metadata: { name: called, namespace: name },
  ...more,
});

/** The account of the Job that makes the Secret, with the rights that the values demand. */
const accountOfSecrets = () => [
  object('v1', 'ServiceAccount', 'own-secrets', {}),
  object('rbac.authorization.k8s.io/v1', 'Role', 'own-secrets', {
    rules: [
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: [`${beginning}-secrets`], verbs: ['get', 'patch'] },
    ],
  }),
  object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'own-secrets', {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'own-secrets' },
    subjects: [{ kind: 'ServiceAccount', name: 'own-secrets', namespace: name }],
  }),
];

describe.skipIf(missing !== undefined)('a chart that fits into a company', () => {
  let node: KubernetesNode;
  let release: Release;
  let file: string;

  const executors = async () => {
    const { spec } = await node.get<{ spec: { replicas: number } }>('deployment', `${beginning}-executor`, '--namespace', name);
    return spec.replicas;
  };

  beforeAll(async () => {
    node = await KubernetesNode.start();
    release = new Release(node, name, beginning);
    await prepare(node, name, 0);
    await node.kubectl('apply', '-f', join(builtFolder, 'crds', 'keda.sh_scaledobjects.yaml'), '--server-side');
    await node.apply(
      object('v1', 'Secret', 'own', { stringData: { entry: 'of the operator' } }),
      object('v1', 'ServiceAccount', 'own', {}),
      ...accountOfSecrets(),
    );
    file = join(node.folder, 'values.json');
    await writeFile(file, JSON.stringify(values));
  }, 900_000);
  afterAll(async () => node?.stop(), 120_000);

  it('installs with a long name and passes helm test', async () => {
    await release.install('--values', file);
    expect(await release.helm('test', name, '--logs')).toContain('Sendoff works');
  }, 700_000);

  it('names all objects by the beginning of the long name, and asks for no rights of its own', async () => {
    const names = await release.namesOf('deployments,statefulsets,services,networkpolicies,scaledobjects');
    expect(names.filter((each) => !each.includes(`/${beginning}-`))).toEqual([]);
    expect(await release.namesOf('roles,rolebindings')).toEqual([
      'role.rbac.authorization.k8s.io/own-secrets',
      'rolebinding.rbac.authorization.k8s.io/own-secrets',
    ]);
    expect(await release.namesOf('pvc')).toEqual([]);
  });

  it('gives the executor settings, variables and volumes of the operator', async () => {
    const show = 'echo $FROM_SECRET, $entry, $(cat /etc/own/entry), $EXECUTOR_ATTEMPTS_MAX, $FUNCTION_TMP_BYTES';
    const output = await release.kubectl('exec', `deployment/${beginning}-executor`, '--', 'sh', '-c', show);
    expect(output.trim()).toBe('of the operator, of the operator, of the operator, 300, 1073741824');
  });

  it('keeps the number of executors that KEDA has chosen, at an upgrade', async () => {
    expect(await executors()).toBe(1);
    await release.kubectl('scale', `deployment/${beginning}-executor`, '--replicas=2');
    await release.upgrade('--values', file, '--set', 'logLevel=warn');
    expect(await executors()).toBe(2);
    expect(await release.helm('test', name)).toContain('Succeeded');
  }, 600_000);
});
