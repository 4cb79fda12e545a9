/**
 * Goal: a real API server takes every object of the chart, knows each field, and warns of none.
 * Pods pass the Pod Security level `restricted`.
 * Method: strict dry runs against kube-apiserver. No pod runs.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiServer, apiServerMissing } from './api-server.ts';
import { chartFolder, helmProgram, type KubeObject, rendered, type Values } from './helm.ts';
import { fitted, variants } from './variants.ts';

const program = helmProgram();
const missing = 'missing' in program ? program.missing : apiServerMissing();
if (missing !== undefined) it.skip(`no API server judges the chart: ${missing}`);

describe.skipIf(missing !== undefined)('the API server of Kubernetes', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await ApiServer.start();
    for (const level of ['restricted', 'privileged']) {
      const labels = { 'pod-security.kubernetes.io/enforce': level, 'pod-security.kubernetes.io/warn': level };
      await server.create('/api/v1/namespaces', { metadata: { name: level, labels } });
      await server.create(`/api/v1/namespaces/${level}/serviceaccounts`, { metadata: { name: 'default' } });
    }
  });
  afterAll(() => server?.stop());

  it.each(Object.entries({ ...variants, 'fitted into a company': fitted }))(
    'takes all objects of an installation: %s',
    async (_what, values) => {
      const namespace = values['functions.isolation'] === 'kernel' ? 'privileged' : 'restricted';
      const objects = rendered(values);
      for (const object of objects) {
        const { status, says } = await server.judge(object, namespace);
        expect([object.kind, object.metadata.name, status, says]).toEqual([object.kind, object.metadata.name, 201, '']);
      }
      expect(objects.length).toBeGreaterThan(20);
    },
  );

  it('warns of executors behind walls of the kernel in a restricted namespace', async () => {
    const executor = rendered(variants['walls of the kernel']).find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name.endsWith('-executor'),
    );
    const verdict = executor === undefined ? undefined : await server.judge(executor, 'restricted');
    expect(verdict?.says).toContain('would violate PodSecurity');
  });

  it('refuses a field that it does not know', async () => {
    const object = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', labels: {} },
      spec: { ports: [{ port: 1, prot: 2 }] },
    };
    expect(await server.judge(object, 'restricted')).toMatchObject({ status: 400, says: expect.stringContaining('prot') });
  });

  /** The output of helm for an installation that it tries at the server. */
  function tryAtServer(values: readonly string[]): { readonly stdout: string; readonly stderr: string } {
    if ('missing' in program) return { stdout: '', stderr: program.missing };
    const given = values.flatMap((value) => ['--set', value]);
    const args = ['install', 'rel', chartFolder, '--namespace', 'restricted', '--dry-run=server', ...given];
    return spawnSync(program.command, args, { encoding: 'utf8', env: { ...process.env, KUBECONFIG: server.kubeconfig() } });
  }

  const tried = (...values: readonly string[]): string => tryAtServer(values).stderr;

  it.each([
    ['a Secret that is missing', ['secrets.existingSecret=gone'], 'has no Secret gone: create it with the entry platform-key'],
    ['Strimzi without its operator', ['kafka.kind=strimzi', 'kafka.strimzi.cluster=c'], 'needs the Strimzi operator'],
    ['a ServiceMonitor without its operator', ['monitoring.serviceMonitor.enabled=true'], 'needs the Prometheus operator'],
  ])('lets helm find %s before it changes anything', (_what, values, says) => {
    expect(tried(...values)).toContain(says);
  });

  it.each<[what: string, running: Values, wanted: readonly string[], says: string]>([
    [
      'a move that would lose data',
      {},
      ['database.kind=external', 'database.external.urlSecret=d'],
      'would remove the bundled server',
    ],
    [
      'a new size of a claim',
      {},
      ['database.bundled.storage.size=16Gi'],
      'patch pvc data-rel-sendoff-postgresql-0 -p \'{"spec":{"resources":{"requests":{"storage":"16Gi"}}}}\'',
    ],
    [
      'another class of a claim',
      {},
      ['database.bundled.storage.className=fast'],
      'className="fast", and the claim was made with ""',
    ],
    ['a claim that ends', {}, ['database.bundled.storage.persistent=false'], 'database.bundled.storage.persistent cannot change'],
    [
      'a claim that begins',
      { 'database.bundled.storage.persistent': false },
      ['database.bundled.storage.persistent=true'],
      'database.bundled.storage.persistent cannot change',
    ],
    ['nothing', {}, [], ''],
    [
      'nothing without a claim',
      { 'database.bundled.storage.persistent': false },
      ['database.bundled.storage.persistent=false'],
      '',
    ],
  ])('lets helm find %s in a bundled server that runs', async (_what, running, wanted, says) => {
    const isOne = ({ kind, metadata: { name } }: KubeObject) => kind === 'StatefulSet' && name.endsWith('-postgresql');
    const { metadata, ...set } = rendered(running).find(isOne) ?? { metadata: undefined };
    const path = '/apis/apps/v1/namespaces/restricted/statefulsets';
    const ofRelease = { 'meta.helm.sh/release-name': 'rel', 'meta.helm.sh/release-namespace': 'restricted' };
    await server.create(path, { ...set, metadata: { name: metadata?.name, labels: metadata?.labels, annotations: ofRelease } });
    const refusal = tried(...wanted);
    await server.remove(`${path}/${metadata?.name}`);
    if (says === '') expect(refusal).toBe('');
    else expect(refusal).toContain(says);
  });

  it('lets helm find an entry that a Secret lacks', async () => {
    await server.create('/api/v1/namespaces/restricted/secrets', { metadata: { name: 'half' }, stringData: { token: 't' } });
    expect(tried('secrets.existingSecret=half')).toContain('the Secret half has no entry platform-key: add it');
  });

  describe('with the operators', () => {
    beforeAll(async () => server.defineOperators());

    const strimzi = { 'kafka.kind': 'strimzi', 'kafka.strimzi.cluster': 'c', 'kafka.topicPrefix': 'p.' };
    const monitoring = {
      'monitoring.serviceMonitor.enabled': true,
      'monitoring.prometheusRule.enabled': true,
      'networkPolicies.metricsFrom': [{ namespaceSelector: {} }],
    };

    it.each([
      [8, 8],
      [1, 2],
      [50, 10],
    ])('begins to scale by KEDA from %i executors that run with %i', async (running, expected) => {
      const isOne = ({ kind, metadata: { name } }: KubeObject) => kind === 'Deployment' && name.endsWith('-executor');
      const deployment = rendered({}).find(isOne);
      const name = deployment?.metadata.name ?? '';
      const path = '/apis/apps/v1/namespaces/restricted/deployments';
      const ofRelease = { 'meta.helm.sh/release-name': 'rel', 'meta.helm.sh/release-namespace': 'restricted' };
      const metadata = { name, labels: deployment?.metadata.labels, annotations: ofRelease };
      await server.create(path, { ...deployment, metadata, spec: { ...deployment?.spec, replicas: running } });
      const values = ['autoscaling.enabled=true', 'autoscaling.prometheusUrl=http://p:9090', 'autoscaling.replicasMax=10'];
      const { stdout, stderr } = tryAtServer([...values, 'networkPolicies.metricsFrom[0].namespaceSelector.matchLabels.a=b']);
      await server.remove(`${path}/${name}`);
      const replicas = stdout.split('\n---').find((text) => /kind: Deployment/.test(text) && /name: \S+-executor\n/.test(text));
      expect([/replicas: (\d+)/.exec(replicas ?? stderr)?.[1], stderr]).toEqual([String(expected), expect.any(String)]);
    });

    it.each<[kind: string, values: Values]>([
      ['KafkaUser', strimzi],
      ['ServiceMonitor', monitoring],
      ['PrometheusRule', monitoring],
    ])('takes each %s', async (kind, values) => {
      const objects = rendered(values, { apiVersions: ['kafka.strimzi.io/v1beta2'] }).filter((object) => object.kind === kind);
      for (const object of objects)
        expect([object.metadata.name, await server.judge(object, 'restricted')]).toEqual([
          object.metadata.name,
          { status: 201, says: '' },
        ]);
      expect(objects.length).toBeGreaterThan(0);
      const [first] = objects;
      const wrong = { ...first, spec: { ...first?.spec, nothing: 1 } } as KubeObject;
      expect(await server.judge(wrong, 'restricted')).toMatchObject({ status: 400, says: expect.stringContaining('nothing') });
    });
  });
});
