import { AbstractStartedContainer, type StartedNetwork, type StartedTestContainer } from 'testcontainers';
import { ApiClient } from './api-client.ts';
import {
  agencyName,
  type AsyncPolicy,
  type Destination,
  type FunctionDefinition,
  functionBody,
  type NoticeSource,
  policyBody,
  type Urns,
} from './definitions.ts';
import { hasEnded, type InvocationRecord, type RecordAnswer, recordOf } from './invocation-record.ts';
import type { KafkaAddresses, StartedBroker } from './kafka-broker.ts';
import { type Notice, noticeOf } from './notice.ts';
import { pack } from './pack.ts';
import { TopicReader } from './topic-reader.ts';
import { waitUntil } from './wait-until.ts';

/** Port of the API in the container. */
export const apiPort = 8700;
const defaultTimeoutMs = 30_000;

/** How an event is accepted. */
export interface InvokeOptions {
  /** Seconds until the first attempt, 0..86,400. */
  readonly delaySeconds?: number;
  /** A repeated key within a day is the same invocation. */
  readonly idempotencyKey?: string;
}

/** How to wait for the end of an invocation. */
export interface SettledOptions {
  /** The function, if the invocation did not come from `invoke`. */
  readonly functionName?: string;
  /** Default 30,000. */
  readonly timeoutMs?: number;
}

/** Which notices to wait for. */
export interface NoticesOptions {
  /** How many must have come. Default 1. */
  readonly count?: number;
  /** Only those of one invocation. */
  readonly requestId?: string;
  /** Default 30,000. */
  readonly timeoutMs?: number;
}

/** The settings and the parts that a container was started with. */
export interface StartedWith {
  readonly projectId: string;
  readonly token: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  readonly topicPrefix: string;
  readonly dataDir: string;
  readonly kafka: KafkaAddresses;
  /** The broker and the network that stop with the container. */
  readonly broker?: StartedBroker;
  readonly network?: StartedNetwork;
}

/** A Sendoff that runs in a container, with its broker beside it. */
export class StartedSendoffContainer extends AbstractStartedContainer {
  private readonly api: ApiClient;
  private readonly urns: Urns;
  private readonly functionOf = new Map<string, string>();
  private readonly readers = new Map<string, Promise<TopicReader>>();

  constructor(
    container: StartedTestContainer,
    private readonly started: StartedWith,
  ) {
    super(container);
    const { region, projectId, token } = started;
    this.api = new ApiClient(this.getApiUrl(), token);
    this.urns = {
      functionUrn: (name) => `urn:fss:${region}:${projectId}:function:default:${name}:latest`,
      topicUrn: (name) => `urn:smn:${region}:${projectId}:${name}`,
    };
  }

  /** Address of Sendoff, `http://host:port`. */
  getUrl(): string {
    return `http://${this.getHost()}:${this.getMappedPort(apiPort)}`;
  }

  /** Address of the API with its version and project; paths of the API follow it. */
  getApiUrl(): string {
    return `${this.getUrl()}/v2/${this.started.projectId}`;
  }

  getProjectId(): string {
    return this.started.projectId;
  }

  getRegion(): string {
    return this.started.region;
  }

  /** For the header `X-Auth-Token`. */
  getToken(): string {
    return this.started.token;
  }

  /** For SDKs, which sign their requests. */
  getAccessKey(): string {
    return this.started.accessKey;
  }

  /** For SDKs, which sign their requests. */
  getSecretKey(): string {
    return this.started.secretKey;
  }

  /** The brokers, as the test reaches them. */
  getKafkaBootstrapServers(): string {
    return this.started.kafka.host;
  }

  /** The brokers, as containers on the same network reach them. */
  getNetworkKafkaBootstrapServers(): string {
    return this.started.kafka.network;
  }

  /**
   * Creates a function.
   * @throws Error if the function exists already, or if its definition is refused.
   */
  async createFunction(name: string, definition: FunctionDefinition): Promise<void> {
    await this.api.call('POST', '/fgs/functions', await functionBody(name, definition, pack));
  }

  /** Sets the asynchronous configuration of a function, and creates the targets that it names. */
  async setPolicy(functionName: string, policy: AsyncPolicy): Promise<void> {
    for (const destination of [policy.onSuccess, policy.onFailure])
      if (destination !== undefined) await this.createTarget(destination);
    await this.api.call('PUT', `/fgs/functions/${functionName}/async-invoke-config`, policyBody(policy, this.urns));
  }

  /**
   * Invokes a function asynchronously.
   * @param event a JSON object of at most 256 KiB.
   * @returns the request id.
   */
  async invoke(functionName: string, event: object = {}, { delaySeconds, idempotencyKey }: InvokeOptions = {}): Promise<string> {
    const { request_id: requestId } = await this.api.call<{ request_id: string }>(
      'POST',
      `/fgs/functions/${functionName}/invocations-async`,
      event,
      {
        ...(delaySeconds === undefined ? {} : { 'x-sendoff-delay-seconds': String(delaySeconds) }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
    );
    this.functionOf.set(requestId, functionName);
    return requestId;
  }

  /**
   * Waits until an invocation has ended, well or not.
   * @throws Error with its last status if it has not ended in time.
   */
  async settled(requestId: string, options: SettledOptions = {}): Promise<InvocationRecord> {
    const { functionName = this.functionOf.get(requestId), timeoutMs = defaultTimeoutMs } = options;
    if (functionName === undefined)
      throw new Error(`${requestId} was not invoked by this container: name its function, as { functionName: '...' }`);
    let last: InvocationRecord | undefined;
    return waitUntil(
      timeoutMs,
      async () => {
        last = await this.record(functionName, requestId);
        return last !== undefined && hasEnded(last) ? last : undefined;
      },
      () =>
        last === undefined
          ? `${functionName} has no record of ${requestId}`
          : `the invocation ${requestId} of ${functionName} has not ended: status ${last.status} after ${last.attempts} attempts`,
    );
  }

  /**
   * Waits for notices of a stream, a topic or a bucket.
   * @returns all that have come, at least `count`, oldest first.
   * @throws Error with the number of notices if too few came in time.
   */
  async notices(source: NoticeSource, options: NoticesOptions = {}): Promise<readonly Notice[]> {
    const { count = 1, requestId, timeoutMs = defaultTimeoutMs } = options;
    let seen = 0;
    return waitUntil(
      timeoutMs,
      async () => {
        const all = 'bucket' in source ? await this.objectsOf(source) : (await this.readerOf(source, timeoutMs)).notices;
        const wanted = all.filter((notice) => requestId === undefined || notice.requestId === requestId);
        seen = wanted.length;
        return seen >= count ? wanted : undefined;
      },
      () => `${seen} of ${count} notices came to ${JSON.stringify(source)}: does a policy name it for this outcome?`,
    );
  }

  protected override async containerStopping(): Promise<void> {
    const readers = await Promise.allSettled(this.readers.values());
    this.readers.clear();
    await Promise.all(readers.map(async (reader) => (reader.status === 'fulfilled' ? reader.value.close() : undefined)));
  }

  protected override async containerStopped(): Promise<void> {
    await this.started.broker?.stop();
    await this.started.network?.stop();
  }

  /** Lets the functions of the container use every target. */
  async grantTargets(): Promise<void> {
    const grants = ['OBS', 'DIS', 'SMN', 'FunctionGraph'].map((type) => ({ type, resource: '*' }));
    await this.api.call('PUT', `/sendoff/agencies/${agencyName}`, { grants });
  }

  private async createTarget(target: Destination): Promise<void> {
    if ('stream' in target) await this.api.call('PUT', `/sendoff/streams/${target.stream}`, {});
    if ('bucket' in target) await this.api.call('PUT', `/sendoff/buckets/${target.bucket}`, {});
    if ('topic' in target) await this.api.call('POST', '/notifications/topics', { name: target.topic });
  }

  private async record(functionName: string, requestId: string): Promise<InvocationRecord | undefined> {
    const path = `/fgs/functions/${functionName}/async-invocations?request_id=${encodeURIComponent(requestId)}`;
    const { invocations } = await this.api.call<{ invocations: readonly RecordAnswer[] }>('GET', path);
    return invocations[0] === undefined ? undefined : recordOf(functionName, invocations[0]);
  }

  private async readerOf(
    source: { readonly stream: string } | { readonly topic: string },
    timeoutMs: number,
  ): Promise<TopicReader> {
    const { topicPrefix, kafka } = this.started;
    const topic = 'stream' in source ? `${topicPrefix}stream.${source.stream}` : `${topicPrefix}topic.${source.topic}`;
    const known = this.readers.get(topic);
    if (known !== undefined) return known;
    const opened = TopicReader.open(kafka.host, topic, timeoutMs);
    this.readers.set(topic, opened);
    // The next call opens another one.
    opened.catch(() => this.readers.delete(topic));
    return opened;
  }

  /** Reads the files of a bucket inside of the container, oldest invocation first. */
  private async objectsOf({ bucket, prefix = '' }: { readonly bucket: string; readonly prefix?: string }): Promise<Notice[]> {
    const folder = `${this.started.dataDir}/objects/${bucket}/${prefix}`;
    const script = `
      const { readdirSync, readFileSync } = require('node:fs');
      const [folder] = process.argv.slice(1);
      let files = [];
      try { files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.json')); } catch {}
      for (const file of files.sort()) console.log(JSON.stringify(readFileSync(folder + '/' + file, 'utf8')));`;
    const { output, exitCode } = await this.exec(['node', '-e', script, folder]);
    if (exitCode !== 0) throw new Error(`the bucket ${bucket} cannot be read in the container: ${output}`);
    const lines = output.split('\n').filter((line) => line !== '');
    return lines.map((line) => noticeOf(JSON.parse(line) as string)).filter((notice) => notice !== undefined);
  }
}
