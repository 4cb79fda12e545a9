import type { INestApplicationContext } from '@nestjs/common';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { type IncomingRecord, PlatformError } from '#contracts';
import type { ComparedClock } from '#platform';
import type { ConsumerOptions, KafkaGateway, PartitionProgress, RecordConsumer } from '../ports.ts';
import { CatchUp, type FinishedTo } from './catch-up.ts';
import { type RecordMethod, recordMethodsOf } from './on-record.ts';

/** Settings of the transport between Kafka and the controllers of a service. */
export interface SendoffStrategyOptions {
  readonly gateway: KafkaGateway;
  readonly groupId: string;
  /** While it is refused, this transport leaves its group and reads nothing. */
  readonly clock: Pick<ComparedClock, 'isRefused' | 'onRefusal'>;
  /** Settings of the consumer that differ from its defaults. */
  readonly consumer?: Partial<Omit<ConsumerOptions, 'groupId' | 'topics'>>;
  /**
   * How far the members of the group are, each with its partitions, for {@link
   * SendoffStrategy.caughtUp}. Without it, only the partitions of this process count.
   */
  readonly progressElsewhere?: () => Promise<readonly FinishedTo[]>;
  /** Called every few milliseconds while somebody waits in {@link SendoffStrategy.caughtUp}. */
  readonly onReadAtOnce?: () => void;
  /** How long `close` waits for handlers, in milliseconds. */
  readonly drainMs: number;
}

/**
 * Brings records to controllers. A method with `@OnRecord('invocations')` gets the records of the
 * topic `<prefix>invocations`.
 *
 * A record is finished when its method resolves. If the method throws, the error decides between
 * retry and rejects, see `whatToDo`.
 */
export class SendoffStrategy extends Server implements CustomTransportStrategy {
  private consumer: RecordConsumer | undefined;
  private readonly catchUp: CatchUp;
  /** By topic, with its prefix. Undefined until {@link use}. */
  private methods: ReadonlyMap<string, RecordMethod> | undefined;
  /** The last start or stop of the consumer. They follow each other. */
  private turn: Promise<void> = Promise.resolve();
  private isOpen = false;

  constructor(private readonly options: SendoffStrategyOptions) {
    super();
    const topicsRead = () => [...(this.methods?.keys() ?? [])];
    this.catchUp = new CatchUp({
      get topics() {
        return topicsRead();
      },
      ends: async (topic) => options.gateway.admin.ends(topic),
      progress: () => this.progress(),
      ...(options.progressElsewhere === undefined ? {} : { progressElsewhere: options.progressElsewhere }),
    });
    options.clock.onRefusal(() => void this.adjust());
    options.gateway.onOutdated(() => void this.adjust());
  }

  /**
   * Waits until everything is finished that the partitions held at the call. Those of other
   * processes count if it is known how far they are. Meanwhile records are read at once.
   * @returns false if it took longer than `timeoutMs`, or if the brokers did not answer.
   */
  caughtUp(timeoutMs: number): Promise<boolean> {
    return this.catchUp.wait(timeoutMs, {
      behind: () => this.readAtOnce(),
      unread: () => this.consumer?.lookForPartitions(),
    });
  }

  /** Reads single records at once for a second; see {@link RecordConsumer.readAtOnce}. */
  readAtOnce(): void {
    this.consumer?.readAtOnce();
    this.options.onReadAtOnce?.();
  }

  /** How far this process is with each of its partitions. */
  progress(): readonly PartitionProgress[] {
    return this.consumer?.progress() ?? [];
  }

  /** Takes the controllers of an application. Call it before {@link listen}. */
  use(app: INestApplicationContext): void {
    const { prefix } = this.options.gateway.topics;
    this.methods = new Map([...recordMethodsOf(app)].map(([topic, method]) => [prefix + topic, method]));
  }

  /** Records handed out and not finished. */
  get inFlight(): number {
    return this.consumer?.inFlight ?? 0;
  }

  /**
   * Joins the group and reads the topics of all patterns. Calls back when the first assignment is
   * in place, or with the error that prevented it. While the clock is refused, it joins no group
   * and calls back at once.
   */
  listen(callback: (error?: unknown) => void): void {
    this.isOpen = true;
    this.adjust().then(() => callback(), callback);
  }

  async close(): Promise<void> {
    this.isOpen = false;
    await this.stopConsumer();
  }

  /** Does nothing: this transport has no events. */
  override on(): void {
    return undefined;
  }

  override unwrap<Consumer>(): Consumer {
    return this.consumer as Consumer;
  }

  /** Starts or stops the consumer, as clock, followers and the life of the transport ask. */
  private async adjust(): Promise<void> {
    const before = this.turn.catch(() => undefined);
    this.turn = before.then(async () => {
      const mayRead = this.isOpen && !this.options.clock.isRefused && !this.options.gateway.isOutdated;
      if (!mayRead) return this.stopConsumer();
      return this.consumer === undefined ? this.startConsumer() : undefined;
    });
    return this.turn;
  }

  private async stopConsumer(): Promise<void> {
    const consumer = this.consumer;
    this.consumer = undefined;
    await consumer?.close(this.options.drainMs);
  }

  private async startConsumer(): Promise<void> {
    const { gateway, groupId, consumer } = this.options;
    const { methods } = this;
    if (methods === undefined) throw new Error('the transport has no controllers: use() must come before listen()');
    if (methods.size === 0) return;
    this.consumer = gateway.consumer({ ...consumer, groupId, topics: [...methods.keys()] });
    await this.consumer.start((record, signal, delivery) => methodFor(record, methods)(record, { signal, delivery }));
  }
}

function methodFor({ topic }: IncomingRecord, methods: ReadonlyMap<string, RecordMethod>): RecordMethod {
  const method = methods.get(topic);
  if (method === undefined) throw new PlatformError('CONTRACT_VIOLATED', { details: { reason: `no method reads ${topic}` } });
  return method;
}
