/**
 * Goal: the commands of the documents take an installation from the bundled servers to servers of
 * the operator. They restore a backup with its keys into a new one. Helm's hooks run in order.
 * Method: a real node. The tests run the commands as the documents have them, and build on each
 * other. The servers of the operator speak TLS.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chartFolder } from '../chart/helm.ts';
import type { Client } from '../e2e/client.ts';
import { furnish, greeted } from '../upgrade/backups.ts';
import { commandsOf } from './commands.ts';
import { imagesMissing } from './images.ts';
import { KubernetesNode, nodeMissing } from './kubernetes-node.ts';
import { hosts, ownServers, reachOwnServers, startOwnServers } from './own-servers.ts';
import { reach } from './reach.ts';
import { prepare, Release, workFolder } from './release.ts';

const toolsMissing = () =>
  ['aws', 'pg_restore']
    .map((tool) => (spawnSync('which', [tool]).status === 0 ? undefined : `${tool} is not there`))
    .find(Boolean);
const missing = nodeMissing() ?? toolsMissing() ?? (await imagesMissing());
if (missing !== undefined) it.skip(`no node moves the chart: ${missing}`);

const page = 'docs/operations/backup.md';
const bundled = 'The bundled servers of the Helm chart';
const figures: Record<string, unknown> = {};

describe.skipIf(missing !== undefined)('servers and backups of the chart', () => {
  let node: KubernetesNode;
  let release: Release;
  let client: Client;
  let folder: string;
  let early: string;

  const timed = async (what: string, work: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await work();
    figures[`${what}, s`] = Number(((performance.now() - startedAt) / 1_000).toFixed(1));
  };
  const upgrade = ['upgrade', 'sendoff', chartFolder, '--reset-then-reuse-values', '--wait'];
  /** Function, secret, records and bucket are those of before. */
  const expectAllThere = async (who: string) => {
    client = await release.client();
    expect(await greeted(client, who)).toBe(`${who} hush`);
    expect((await client.record('greet', early))?.deliveries).toMatchObject([{ state: 'delivered' }]);
    const next = await client.delivered('greet', await client.invoke('greet', { name: who }));
    expect(next).toMatchObject({ status: 'SUCCESS', deliveries: [{ state: 'delivered' }] });
  };

  beforeAll(async () => {
    node = await KubernetesNode.start();
    release = new Release(node, 'sendoff');
    await prepare(node, 'sendoff', 6);
    folder = await workFolder(node);
    await mkdir(join(folder, 'deploy', 'helm'), { recursive: true });
    await symlink(chartFolder, join(folder, 'deploy', 'helm', 'sendoff'));
  }, 900_000);
  afterAll(async () => {
    console.log(JSON.stringify(figures, undefined, 2));
    await node?.stop();
  }, 120_000);

  it('makes the Secret before anything else at an installation', async () => {
    await release.install();
    const events = await release.events();
    const secret = events.indexOf('Job/sendoff-secrets Completed');
    const others = events.findIndex((event) => /^(Deployment|StatefulSet)\/|^Job\/sendoff-setup/.test(event));
    expect(secret).toBeGreaterThan(-1);
    expect(others).toBeGreaterThan(secret);
    client = await release.client();
    await furnish(client);
    early = await client.invoke('greet', { name: 'early' });
    await client.delivered('greet', early);
  }, 660_000);

  it('is backed up by the commands of the documents while it runs', async () => {
    const [backUp = ''] = await commandsOf(page, bundled);
    await timed('back up', () => node.shell(backUp, folder));
  }, 240_000);

  it('refuses to leave the bundled servers while they run', async () => {
    await writeFile(join(folder, 'own.yaml'), JSON.stringify(ownServers));
    await startOwnServers(node, 'sendoff');
    const refusal = await release.helm(...upgrade, '-f', join(folder, 'own.yaml')).catch(String);
    for (const value of ['kafka', 'database', 'objectStore'])
      expect(refusal).toContain(`${value}.kind=external would remove the bundled server`);
  }, 300_000);

  it('moves to servers of the operator, and prepares the brokers before the services change', async () => {
    const commands = (await commandsOf(page, 'Brokers, database and object store of your own')).join('\n');
    await node.shell(reachOwnServers + commands.replace('--replication-factor 3', '--replication-factor 1'), folder);
    await release.kubectl('delete', 'statefulset', 'sendoff-kafka', 'sendoff-postgresql', 'sendoff-object-store');
    const before = (await release.events()).length;
    await timed('upgrade to servers of the operator', () =>
      release.helm(...upgrade, '-f', join(folder, 'own.yaml'), '--timeout', '5m'),
    );
    const events = (await release.events()).slice(before);
    const prepared = events.indexOf('Job/sendoff-setup Completed');
    expect(prepared).toBeGreaterThan(-1);
    expect(events.findIndex((event) => event === 'Deployment/sendoff-ingress ScalingReplicaSet')).toBeGreaterThan(prepared);
    await expectAllThere('moved');
    expect(await release.helm('test', 'sendoff', '--logs')).toContain('Sendoff works');
  }, 660_000);

  it('lets functions reach no more of these servers than the executor needs', async () => {
    await client.createFunction('curious', curious);
    const reached = await client.must('POST', '/fgs/functions/curious/invocations', {});
    // Brokers and store ask for credentials that functions cannot read.
    expect(reached).toEqual({ kafka: 'reached', store: 'reached', postgresql: 'ECONNREFUSED' });
  });

  it('keeps the services as they are if the hook fails, and rolls back', async () => {
    await node.apply({
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'wrong', namespace: 'sendoff' } },
      stringData: { password: 'wrong' },
    });
    const pods = await release.namesOf('pods');
    const wrong = ['--set', 'kafka.external.setupAccount.passwordSecret=wrong,logLevel=warn', '--timeout', '30s'];
    expect(await release.helm(...upgrade, ...wrong).catch(String)).toContain('pre-upgrade hooks failed');
    expect((await release.namesOf('pods')).filter((name) => pods.includes(name))).toEqual(pods);
    await expectAllThere('unchanged');
    await release.helm('rollback', 'sendoff', '--wait', '--timeout', '5m');
    expect(JSON.parse(await release.helm('status', 'sendoff', '--output', 'json'))).toMatchObject({
      info: { status: 'deployed' },
    });
    await expectAllThere('rolled back');
  }, 660_000);

  it('is restored by the commands of the documents with its keys, into a new namespace', async () => {
    await release.helm('uninstall', 'sendoff', '--wait', '--timeout', '5m');
    await node.kubectl('delete', 'namespace', 'sendoff', '--timeout=240s');
    const [, restore = '', start = ''] = await commandsOf(page, bundled);
    await timed('restore', () => node.shell(restore, folder));
    await timed('start after the restore', () => node.shell(start, folder));
    await expectAllThere('restored');
  }, 1_200_000);
});

/** A function that connects to the servers of the operator. Returns the results. */
const curious = `${reach}
exports.handler = async () => {
  const all = Object.entries(${JSON.stringify(hosts)}).map(async ([name, host]) => [name, await reach(...host.split(':'))]);
  return Object.fromEntries(await Promise.all(all));
};
`;
