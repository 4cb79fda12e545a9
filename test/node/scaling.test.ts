/**
 * Goal: KEDA adds executors for invocations that more executors can start, and for no others. It
 * removes them afterwards, and nothing is lost.
 * Method: a real node with KEDA and Prometheus. Each executor runs four attempts at once.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '#testing';
import type { Client } from '../e2e/client.ts';
import { imagesMissing } from './images.ts';
import { ask, kedaMissing, prometheusUrl, startKeda, startPrometheus } from './keda.ts';
import { KubernetesNode, nodeMissing } from './kubernetes-node.ts';
import { network } from './node-files.ts';
import { prepare, Release } from './release.ts';

const missing = nodeMissing() ?? kedaMissing() ?? (await imagesMissing());
if (missing !== undefined) it.skip(`no KEDA scales the chart: ${missing}`);

const name = 'sendoff';
const values = {
  kafka: { bundled: { storage: { persistent: false } } },
  database: { bundled: { storage: { persistent: false } } },
  objectStore: { bundled: { storage: { persistent: false } } },
  services: { executor: { settings: { EXECUTOR_ATTEMPTS_MAX: 4 } } },
  networkPolicies: { metricsFrom: [{ ipBlock: { cidr: `${network.host}/32` } }] },
  autoscaling: {
    ...{ enabled: true, prometheusUrl, replicasMin: 1, replicasMax: 3 },
    ...{ runnablePerExecutor: 20, pollingSeconds: 2, scaleDownSeconds: 20 },
  },
};
const figures: Record<string, unknown> = {};

describe.skipIf(missing !== undefined)('executors that KEDA scales', () => {
  let node: KubernetesNode;
  let release: Release;
  let client: Client;
  let stopPrometheus: (() => void) | undefined;

  const executors = async () => {
    interface Deployment {
      readonly spec: { readonly replicas: number };
      readonly status: { readonly readyReplicas?: number };
    }
    const { spec, status } = await node.get<Deployment>('deployment', `${name}-executor`, '--namespace', name);
    return { wanted: spec.replicas, ready: status.readyReplicas ?? 0 };
  };
  const invokeOften = async (functionName: string, count: number) =>
    Promise.all(Array.from({ length: count }, async () => client.invoke(functionName)));

  beforeAll(async () => {
    node = await KubernetesNode.start();
    release = new Release(node, name);
    await prepare(node, name, 0);
    await startKeda(node);
    stopPrometheus = await startPrometheus(node, name);
    const file = join(node.folder, 'values.json');
    await writeFile(file, JSON.stringify(values));
    await release.install('--values', file);
    client = await release.client();
    await client.grantEverything();
    await eventually(() => ask('sum(sendoff_runnable_invocations)'), { deadlineMs: 60_000, pauseMs: 500 });
  }, 1_500_000);
  afterAll(async () => {
    console.log(JSON.stringify(figures, undefined, 2));
    stopPrometheus?.();
    await node?.stop();
  }, 120_000);

  it('adds none for what waits for the limit of its function', async () => {
    await client.createFunction('limited', waiting(1_000), { strategy_config: { concurrency: 1, concurrent_num: 1 } });
    await invokeOften('limited', 60);
    // The controllers compare every 15 s.
    const often = 'min_over_time(sum(sendoff_limited_invocations)[25s:1s]) > 20';
    figures['invocations that waited for their limit for 25 s'] = await eventually(() => ask(often), {
      deadlineMs: 120_000,
      pauseMs: 500,
    });
    expect(await ask('max_over_time(sum(sendoff_runnable_invocations)[25s:1s])')).toBeLessThan(20);
    expect(await executors()).toEqual({ wanted: 1, ready: 1 });
  }, 180_000);

  it('adds executors for a backlog that they can start, and loses nothing', async () => {
    await client.createFunction('slow', waiting(2_000));
    const startedAt = performance.now();
    const since = () => Number(((performance.now() - startedAt) / 1_000).toFixed(1));
    await invokeOften('slow', 300);
    await eventually(async () => (await executors()).wanted === 3, { deadlineMs: 120_000, pauseMs: 250 });
    figures['from the backlog to 3 wanted executors, s'] = since();
    await eventually(async () => (await executors()).ready === 3, { deadlineMs: 120_000, pauseMs: 250 });
    figures['from the backlog to 3 ready executors, s'] = since();
    await eventually(async () => (await client.countOf('slow', 'SUCCESS')) === 300, { deadlineMs: 240_000, pauseMs: 500 });
    figures['from the backlog to the last success, s'] = since();
  }, 600_000);

  it('removes them after a quiet', async () => {
    await eventually(async () => (await executors()).wanted === 1, { deadlineMs: 300_000, pauseMs: 500 });
    expect(await client.ended('slow', await client.invoke('slow'))).toMatchObject({ status: 'SUCCESS' });
  }, 360_000);
});

const waiting = (ms: number) => `exports.handler = async () => new Promise((end) => setTimeout(end, ${ms}, 1));`;
