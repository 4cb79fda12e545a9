/**
 * Goal: the chart installs, runs, scales, upgrades, rolls back and uninstalls on a real node of
 * Kubernetes. Its pods have the Pod Security level `restricted`. No invocation is lost meanwhile.
 * Method: one node with all parts, and the small servers of the chart. The tests build on each
 * other. Figures go to the output.
 *
 * `npm run test:node`; it is no part of `npm test`, because it takes minutes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '#testing';
import type { Client } from '../e2e/client.ts';
import { images, imagesMissing } from './images.ts';
import { KubernetesNode, nodeMissing } from './kubernetes-node.ts';
import { Load } from './load.ts';
import { reach } from './reach.ts';
import { prepare, Release } from './release.ts';

const missing = nodeMissing() ?? (await imagesMissing());
if (missing !== undefined) it.skip(`no node runs the chart: ${missing}`);

const name = 'sendoff';
const figures: Record<string, unknown> = {};

describe.skipIf(missing !== undefined)('a real node', () => {
  let node: KubernetesNode;
  let release: Release;
  let client: Client;

  const settled = async (service: string) =>
    release.kubectl('rollout', 'status', `deployment/${name}-${service}`, '--timeout=180s');
  /** Does `work` under load, and reports how the load went. */
  const underLoad = async (what: string, work: () => Promise<unknown>) => {
    const load = new Load(client, 'steady', 50);
    await eventually(() => load.count >= 20);
    const startedAt = performance.now();
    await work();
    const seconds = (performance.now() - startedAt) / 1_000;
    const before = load.count;
    await eventually(() => load.count >= before + 20);
    const report = await load.stop();
    figures[what] = { seconds: Number(seconds.toFixed(1)), ...report };
    return report;
  };
  const expectNothingLost = ({ accepted, ended, refused }: Awaited<ReturnType<typeof underLoad>>) => {
    expect(ended).toEqual({ SUCCESS: accepted });
    // The ingress that stops refuses a request over a connection that the client has kept.
    expect(refused.filter((why) => !why.includes('this process is being stopped'))).toEqual([]);
    expect(refused.length).toBeLessThanOrEqual(2);
  };

  beforeAll(async () => {
    node = await KubernetesNode.start();
    release = new Release(node, name);
    await prepare(node, name, 3);
    await node.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'strangers' } });
  }, 900_000);
  afterAll(async () => {
    console.log(JSON.stringify(figures, undefined, 2));
    await node?.stop();
  }, 120_000);

  it('installs the chart at the level restricted, and completes a call', async () => {
    const startedAt = performance.now();
    await release.install();
    const since = () => Number(((performance.now() - startedAt) / 1_000).toFixed(1));
    figures['helm install --wait, s'] = since();
    client = await release.client();
    await client.grantEverything();
    await client.createFunction('steady', 'exports.handler = async () => new Promise((end) => setTimeout(end, 100, 1));');
    const id = await client.invoke('steady');
    expect(await client.ended('steady', id)).toMatchObject({ status: 'SUCCESS' });
    figures['from helm install to the first completed call, s'] = since();
  }, 660_000);

  it('runs all pods without a restart', async () => {
    const { items } = await node.get<{ items: readonly Pod[] }>('pods', '--namespace', name);
    const states = items.map(({ metadata, status }) => [metadata.name, status.phase, restarts(status)]);
    const wanted = items.map(({ metadata }) => [metadata.name, metadata.name.includes('setup') ? 'Succeeded' : 'Running', 0]);
    expect(states).toEqual(wanted);
  });

  it('passes helm test', async () => {
    const output = await release.helm('test', name, '--logs');
    expect(output).toContain('Sendoff works');
    expect(output).toContain('has got the notification');
  }, 240_000);

  it('keeps functions behind the walls that docs/isolation.md promises to a restricted pod', async () => {
    const answer = await fetch(`${client.url}/readyz`);
    expect(await answer.json()).toMatchObject({ isolation: 'process' });
    await client.createFunction('curious', curious);
    const attempts = await client.must<Record<string, string>>('POST', '/fgs/functions/curious/invocations', {});
    expect(attempts).toEqual({
      password: 'ERR_ACCESS_DENIED',
      environment: 'ERR_ACCESS_DENIED',
      process: 'ERR_ACCESS_DENIED',
      // docs/kubernetes.md names these two.
      kafka: 'reached',
      'object store': 'reached',
      database: 'ECONNREFUSED',
      'status-logger': 'ECONNREFUSED',
      ingress: 'ECONNREFUSED',
      'API server': 'ECONNREFUSED',
    });
  });

  it('lets strangers reach the API only', async () => {
    const script = `${reach} const [names] = [process.argv.slice(1)];
      Promise.all(names.map(async (name) => { const [host, port] = name.split(':'); return [name, await reach(host + '.${name}', port)]; }))
        .then((all) => console.log(JSON.stringify(Object.fromEntries(all))));`;
    const servers = ['ingress:8700', 'executor:8700', 'status-logger:8700', 'kafka:9092', 'postgresql:5432', 'object-store:8333'];
    const command = ['node', '-e', script, ...servers.map((server) => `${name}-${server}`)];
    const spec = {
      restartPolicy: 'Never',
      containers: [{ name: 'stranger', image: `${images.product}:${images.tag}`, command }],
    };
    await node.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'stranger', namespace: 'strangers' }, spec });
    const stranger = ['--namespace', 'strangers', 'pod/stranger'];
    await node.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', ...stranger, '--timeout=120s');
    expect(JSON.parse(await node.kubectl('logs', ...stranger))).toEqual({
      [`${name}-ingress:8700`]: 'reached',
      ...Object.fromEntries(servers.slice(1).map((server) => [`${name}-${server}`, 'ECONNREFUSED'])),
    });
  }, 180_000);

  it('scales executors from one to two and back', async () => {
    const scale = async (replicas: number) => {
      await release.upgrade('--set', `services.executor.replicas=${replicas}`);
    };
    expectNothingLost(await underLoad('1 to 2 executors', async () => scale(2)));
    expectNothingLost(await underLoad('2 to 1 executors', async () => scale(1)));
  }, 900_000);

  it('upgrades and rolls back all services', async () => {
    expectNothingLost(await underLoad('helm upgrade', async () => release.upgrade('--set', 'logLevel=warn')));
    const rollback = ['rollback', name, '--wait', '--timeout', '5m'];
    expectNothingLost(await underLoad('helm rollback', async () => release.helm(...rollback)));
    figures['memory of the pods, MiB'] = await release.memory();
  }, 1_200_000);

  it.each(['executor', 'status-logger', 'retry-scheduler', 'notifier'])(
    'survives a killed pod: %s',
    async (service) => {
      const labels = ['--selector', `app.kubernetes.io/component=${service}`];
      const report = await underLoad(`kill ${service}`, async () => {
        await release.kubectl('delete', 'pod', ...labels, '--grace-period=0', '--force');
        await settled(service);
      });
      expect(report.ended).toEqual({ SUCCESS: report.accepted });
    },
    600_000,
  );

  it('leaves only the Secret, the claims, and the pod of the test', async () => {
    await release.helm('uninstall', name, '--wait', '--timeout', '5m');
    const kinds = 'all,secrets,configmaps,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets,pvc,ingresses';
    // The pod of the test has ended already. It stays because `helm test --logs` reads its log.
    await eventually(async () => (await release.namesOf('pods')).length === 1, { deadlineMs: 120_000, pauseMs: 500 });
    expect((await release.namesOf(kinds)).toSorted()).toEqual([
      'configmap/kube-root-ca.crt',
      'persistentvolumeclaim/data-sendoff-kafka-0',
      'persistentvolumeclaim/data-sendoff-object-store-0',
      'persistentvolumeclaim/data-sendoff-postgresql-0',
      'pod/sendoff-test',
      'secret/sendoff-secrets',
      'serviceaccount/default',
    ]);
  }, 400_000);

  it('installs again on what it left, with its functions and records', async () => {
    await release.install();
    client = await release.client();
    expect(await client.countOf('steady', 'SUCCESS')).toBeGreaterThan(100);
    expect(await client.ended('steady', await client.invoke('steady'))).toMatchObject({ status: 'SUCCESS' });
  }, 700_000);
});

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly phase: string;
    readonly initContainerStatuses?: readonly { readonly restartCount: number }[];
    readonly containerStatuses: readonly { readonly restartCount: number }[];
  };
}

const restarts = ({ containerStatuses, initContainerStatuses = [] }: Pod['status']) =>
  [...containerStatuses, ...initContainerStatuses].reduce((sum, { restartCount }) => sum + restartCount, 0);

/** A function that tries what the walls forbid, and connects to other pods. Returns the results. */
const curious = `${reach}
const attempt = (work) => { try { return 'did ' + String(work()).slice(0, 20); } catch ({ code, message }) { return code ?? message; } };
exports.handler = async () => ({
  password: attempt(() => require('node:fs').readFileSync('/etc/sendoff/kafka-password/password')),
  environment: attempt(() => require('node:fs').readFileSync('/proc/1/environ')),
  process: attempt(() => require('node:child_process').execFileSync('id')),
  kafka: await reach('sendoff-kafka', 9092),
  'object store': await reach('sendoff-object-store', 8333),
  database: await reach('sendoff-postgresql', 5432),
  'status-logger': await reach('sendoff-status-logger', 8700),
  ingress: await reach('sendoff-ingress', 8700),
  'API server': await reach('kubernetes.default', 443),
});
`;
