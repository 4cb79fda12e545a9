import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RouteOptions } from 'fastify';
import { Registry as Metrics } from 'prom-client';
import pino from 'pino';
import type { IncomingRecord, RegistryDocument } from '#contracts';
import { type KafkaGateway, topicSpecs } from '#kafka';
import { MemoryKafka } from '#kafka/memory';
import {
  type BucketReader,
  type ObjectStore,
  openBucketReader,
  openCodeStore,
  openPayloadStore,
  type PayloadStore,
} from '#objects';
import { fastifyOf, loadConfig, type Logger, openInstallationKeys, untraced } from '#platform';
import { buildService } from '#platform/service';
import { RegistryWriter } from '#registry';
import { ManualClock } from '#testing';
import type { FunctionWalls } from '../src/access/function-walls.ts';
import { composeIngress } from '../src/ingress.ts';
import type { OperationWords } from '../src/document/operation.ts';
import type { RouteSpec } from '../src/document/route-spec.ts';
import { IngressConfig } from '../src/ingress.config.ts';
import { sdkDate, signed } from '../../../test/request-signer.ts';
import { FakeExecutorQueues, FakeFunctionCalls, FakeFunctionLogs, FakeLiveSources, FakeStatusRecords } from './fake-services.ts';

/** Options of an ingress under test. */
export interface IngressAppOptions<Gateway extends KafkaGateway> {
  readonly gateway?: Gateway;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: ManualClock;
  /** Default: logs nothing. */
  readonly logger?: Logger;
  readonly isDraining?: () => boolean;
  /** Default: those of a folder of its own. */
  readonly buckets?: BucketReader;
  /** Default: walls of the kernel. */
  readonly walls?: FunctionWalls;
}

/** A parsed answer of the API. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The parsed JSON, the text if it is not JSON, or undefined without a body. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests check its shape
  readonly body: any;
}

/** A route of the HTTP server. */
export interface Route {
  readonly method: string;
  readonly path: string;
  /** The largest body that the route reads; undefined if the server's own limit holds. */
  readonly bodyBytesMax: number | undefined;
  /** Its declaration. Routes of other packages have a spec without words. */
  readonly operation: RouteSpec & Partial<OperationWords>;
}

/** The key that signs a request. */
export interface AccessKey {
  readonly accessKey: string;
  readonly secretKey: string;
}

/**
 * A whole ingress: HTTP layers, controllers, registry and Kafka door, over the in-memory broker
 * unless a gateway is given.
 */
export class IngressApp<Gateway extends KafkaGateway = MemoryKafka> {
  static readonly token = 'a-token';
  static readonly project = 'p1';
  static readonly accessKey = 'AKFIRST';
  static readonly secretKey = 'a-secret-key';
  static readonly platformKey = 'a-platform-key-of-32-characters-at-least';
  /** The keys of every ingress that starts with {@link platformKey}. */
  static readonly keys = openInstallationKeys({ platformKey: IngressApp.platformKey, publicKeys: [] });
  private named = 0;

  private constructor(
    readonly kafka: Gateway,
    readonly records: FakeStatusRecords,
    readonly calls: FakeFunctionCalls,
    readonly logs: FakeFunctionLogs,
    readonly queues: FakeExecutorQueues,
    readonly live: FakeLiveSources,
    readonly clock: ManualClock,
    readonly codeStore: ObjectStore,
    readonly payloads: PayloadStore,
    /** Buckets are folders below `objects` of this folder. */
    readonly dataDir: string,
    /** Every route of the server. */
    readonly routes: readonly Route[],
    private readonly metrics: Metrics,
    private readonly app: Awaited<ReturnType<typeof buildService>>,
    private readonly end: () => Promise<void>,
  ) {}

  static async start<Gateway extends KafkaGateway = MemoryKafka>(
    options: IngressAppOptions<Gateway> = {},
  ): Promise<IngressApp<Gateway>> {
    const { env = {}, clock = new ManualClock(), isDraining = () => false, walls = { level: () => 'kernel' } } = options;
    const gateway = options.gateway ?? (new MemoryKafka() as KafkaGateway as Gateway);
    await gateway.admin.ensureTopics(topicSpecs(gateway.topics, 2));
    const records = new FakeStatusRecords();
    const calls = new FakeFunctionCalls();
    const logs = new FakeFunctionLogs();
    const queues = new FakeExecutorQueues();
    const live = new FakeLiveSources();
    const metrics = new Metrics();
    const config = loadConfig(IngressConfig, {
      SENDOFF_PROJECT_ID: IngressApp.project,
      SENDOFF_TOKEN: IngressApp.token,
      SENDOFF_ACCESS_KEY: IngressApp.accessKey,
      SENDOFF_SECRET_KEY: IngressApp.secretKey,
      SENDOFF_PLATFORM_KEY: IngressApp.platformKey,
      STATUS_LOGGER_URL: 'http://127.0.0.1:1',
      KAFKA_TOPIC_PREFIX: gateway.topics.prefix,
      DRAIN_TIMEOUT_MS: '1000',
      ...env,
    });
    const logger = options.logger ?? pino({ level: 'silent' });
    const base = { config, clock, metrics, logger, random: () => 0, tracing: untraced, isDraining, fatal: () => undefined };
    const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-ingress-'));
    const codeStore = openCodeStore({ ...config, dataDir }, clock);
    const payloads = openPayloadStore({ ...config, dataDir }, clock);
    const buckets = options.buckets ?? openBucketReader({ ...config, dataDir });
    const composition = await composeIngress(
      base,
      { gateway, records, codeStore, payloads, buckets, calls, logs, queues, live, walls },
      await openInstallationKeys(config),
    );
    const added: RouteOptions[] = [];
    const app = await buildService(base, {
      ...composition,
      configureHttp(service) {
        const fastify = service.getHttpAdapter().getInstance();
        fastify.addHook('onRoute', (route) => void added.push(route));
        return composition.configureHttp?.(service);
      },
    });
    // The last routes are added by plugins, when the server is ready.
    await fastifyOf(app).ready();
    // Read the limits only now, because hooks of the ingress may have set them.
    const routes = added.flatMap(({ method, url, bodyLimit, config }) =>
      [method].flat().map((each) => ({
        method: each,
        path: url,
        bodyBytesMax: bodyLimit,
        operation: config?.operation ?? { isOpen: true },
      })),
    );
    const end = async () => {
      await app.close();
      await composition.close?.();
      await rm(dataDir, { recursive: true, force: true });
    };
    return new IngressApp(
      gateway,
      records,
      calls,
      logs,
      queues,
      live,
      clock,
      codeStore,
      payloads,
      dataDir,
      routes,
      metrics,
      app,
      end,
    );
  }

  /**
   * Sends a request below `/v2/<project>` with the token. A body that is neither text nor bytes is
   * sent as JSON.
   */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    return this.raw(method, `/v2/${IngressApp.project}${path}`, body, { 'x-auth-token': IngressApp.token, ...headers });
  }

  /** Sends exactly this request, with these headers. */
  async raw(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const answer = await this.app.inject({
      method: method as 'GET',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: parsed(answer.body) };
  }

  /** Sends a signed request below `/v2/<project>`, by default with the first access key. */
  async signed(
    method: string,
    path: string,
    body?: unknown,
    { project = IngressApp.project, ...key }: Partial<AccessKey> & { readonly project?: string } = {},
  ): Promise<ApiAnswer> {
    return this.signedAt(method, `/v2/${project}${path}`, body, key);
  }

  /** As {@link signed}, for any path. */
  async signedAt(method: string, url: string, body?: unknown, key: Partial<AccessKey> = {}): Promise<ApiAnswer> {
    const headers = this.signature(method, url, body, { host: 'sendoff.local:8700' }, key);
    return this.raw(method, url, body === undefined ? undefined : JSON.stringify(body), headers);
  }

  /** As {@link signedAt}, over a socket, with more headers; call {@link listen} first. */
  async signedOverHttp(
    method: string,
    url: string,
    body?: unknown,
    key: Partial<AccessKey> = {},
    more: Readonly<Record<string, string>> = {},
  ): Promise<ApiAnswer> {
    const { host } = new URL(await this.app.getUrl());
    const { host: _host, ...headers } = this.signature(method, url, body, { host, ...more }, key);
    return this.overHttp(method, url, body === undefined ? undefined : JSON.stringify(body), headers);
  }

  private signature(
    method: string,
    url: string,
    body: unknown,
    more: Readonly<Record<string, string>>,
    { accessKey = IngressApp.accessKey, secretKey = IngressApp.secretKey }: Partial<AccessKey>,
  ): Record<string, string> {
    const [plainPath = '', search = ''] = url.split('?');
    const request = {
      method,
      path: plainPath.slice(1).split('/').map(decodeURIComponent),
      query: [...new URLSearchParams(search)],
      headers: { ...more, 'content-type': 'application/json' },
      body: body === undefined ? '' : JSON.stringify(body),
    };
    return signed(request, { accessKey, secretKey, date: sdkDate(this.clock.now()) });
  }

  /** Downloads the bytes of an answer, with the token. @throws Error for any status but 200. */
  async download(path: string): Promise<Buffer> {
    const url = `/v2/${IngressApp.project}${path}`;
    const answer = await this.app.inject({ method: 'GET', url, headers: { 'x-auth-token': IngressApp.token } });
    if (answer.statusCode !== 200) throw new Error(`GET ${path}: ${answer.statusCode}`);
    return answer.rawPayload;
  }

  /** As {@link call}, but throws unless the status is 2xx. */
  async must(method: string, path: string, body?: unknown): Promise<ApiAnswer['body']> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /**
   * Sends a request that must be refused.
   * @returns status and code.
   */
  async refusal(method: string, path: string, body?: unknown): Promise<readonly [status: number, code: unknown]> {
    const answer = await this.call(method, path, body);
    return [answer.status, answer.body?.error_code];
  }

  /**
   * Creates a function.
   * @returns its URN, eight fields.
   */
  async createFunction(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return (await this.must('POST', '/fgs/functions', functionBody(name, more))).func_urn;
  }

  /** Creates a function with these versions, each with its own code. */
  async publish(name: string, ...versions: readonly string[]): Promise<void> {
    await this.createFunction(name);
    for (const version of versions) {
      await this.must('PUT', `/fgs/functions/${name}/code`, inlineCode(`exports.handler = async () => '${version}';`));
      await this.must('POST', `/fgs/functions/${name}/versions`, { version });
    }
  }

  /** Returns a name that nothing in this ingress has yet. */
  freshName(): string {
    return `f${++this.named}`;
  }

  /** As {@link createFunction}, under a fresh name. @returns the name. */
  async aFunction(more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const name = this.freshName();
    await this.createFunction(name, more);
    return name;
  }

  /** As {@link publish}, under a fresh name. @returns the name. */
  async published(...versions: readonly string[]): Promise<string> {
    const name = this.freshName();
    await this.publish(name, ...versions);
    return name;
  }

  /** Writes a record to the intake topic, as any producer would. */
  async produce(value: string | Buffer | null, headers: Record<string, string>): Promise<void> {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    await this.kafka.publisher.publish({ topic: this.kafka.topics.name('intake'), value: bytes, headers });
  }

  /** Returns the records of a topic of the in-memory broker, named without the prefix. */
  recordsOf(this: IngressApp<MemoryKafka>, topic: string): readonly IncomingRecord[] {
    return this.kafka.records(this.kafka.topics.prefix + topic);
  }

  /** Stores documents in the registry as the ingress does, without the checks of the API. */
  async store(...documents: readonly object[]): Promise<void> {
    await this.app.get(RegistryWriter).mutate(() => ({ changes: documents as readonly RegistryDocument[] }));
  }

  /** Returns the counted arrivals by outcome. */
  async arrivals(): Promise<Readonly<Record<string, number>>> {
    const metric = await this.metrics.getSingleMetric('sendoff_arrivals_total')?.get();
    return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [String(labels['outcome']), value]));
  }

  /**
   * Listens on a free port, for tests that need a socket.
   * @returns the port.
   */
  async listen(): Promise<number> {
    await this.app.listen(0, '127.0.0.1');
    return Number(new URL(await this.app.getUrl()).port);
  }

  /** Returns the number of open connections. */
  async connections(): Promise<number> {
    const server = this.app.getHttpServer();
    return new Promise((resolve, reject) => {
      server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }

  /** As {@link raw}, over a socket, for routes that use it; call {@link listen} first. */
  async overHttp(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const answer = await fetch(new URL(url, await this.app.getUrl()), {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
    });
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: parsed(await answer.text()) };
  }

  close(): Promise<void> {
    return this.end();
  }
}

/** The code fields of a body. */
export function inlineCode(source: string): { readonly code_type: string; readonly func_code: { readonly file: string } } {
  return { code_type: 'inline', func_code: { file: Buffer.from(source).toString('base64') } };
}

/** The body that creates an inline Node.js function. */
export function functionBody(name: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    func_name: name,
    package: 'default',
    runtime: 'Node.js20.15',
    handler: 'index.handler',
    timeout: 5,
    memory_size: 128,
    ...inlineCode('exports.handler = async (event) => event;'),
    ...more,
  };
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
