import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { type IncomingRecord, PlatformError } from '#contracts';
import type { ConsumerOptions, KafkaGateway, RecordConsumer } from '../ports.ts';
import { KafkaRecordContext } from './record-context.ts';

/** How records reach the controllers. */
export interface SendoffStrategyOptions {
  readonly gateway: KafkaGateway;
  /** Of all topic names; patterns are written without it. */
  readonly prefix: string;
  readonly groupId: string;
  /** What differs from the consumer's defaults. */
  readonly consumer?: Partial<Omit<ConsumerOptions, 'groupId' | 'topics'>>;
  /** How long `close` waits for handlers, in milliseconds. */
  readonly drainMs: number;
}

/** What Nest's filter leaves of an error that was not kept. */
const erased = 'Internal server error';

/**
 * Brings records to controllers: `@OnRecord('invocations')`, or Nest's own `@EventPattern`, reads the topic `<prefix>invocations`; the handler is given the record as
 * `@Payload()` and a {@link KafkaRecordContext} as `@Ctx()`.
 *
 * A record is finished when its handler resolves. What it throws decides what becomes of the record, see `whatToDo`; so controllers are
 * declared with `@RecordController()`, or the app uses the filter `KeepErrors`. Nothing a handler does ends the process.
 */
export class SendoffStrategy extends Server implements CustomTransportStrategy {
  private consumer: RecordConsumer | undefined;
  private handlers: ReadonlyMap<string, MessageHandler> = new Map();

  constructor(private readonly options: SendoffStrategyOptions) {
    super();
  }

  /** Records handed out and not finished. */
  get inFlight(): number {
    return this.consumer?.inFlight ?? 0;
  }

  /** Joins the group and reads the topics of all patterns; calls back when the first assignment is in place, or could not be had. */
  listen(callback: (error?: unknown) => void): void {
    this.startConsumer().then(() => callback(), callback);
  }

  async close(): Promise<void> {
    const consumer = this.consumer;
    this.consumer = undefined;
    await consumer?.close(this.options.drainMs);
  }

  /** There are no events to listen to. */
  override on(): void {
    return undefined;
  }

  override unwrap<Consumer>(): Consumer {
    return this.consumer as Consumer;
  }

  private async startConsumer(): Promise<void> {
    const { gateway, prefix, groupId, consumer } = this.options;
    this.handlers = new Map([...this.messageHandlers].map(([pattern, handler]) => [prefix + pattern, handler]));
    if (this.handlers.size === 0) return;
    this.consumer = gateway.consumer({ ...consumer, groupId, topics: [...this.handlers.keys()] });
    await this.consumer.start((record, signal) => this.handleRecord(record, signal));
  }

  /** Unlike the base class's `handleEvent`, which resolves although the handler failed, and so would commit a record that was lost. */
  private async handleRecord(record: IncomingRecord, signal: AbortSignal): Promise<void> {
    const handler = this.handlers.get(record.topic);
    if (handler === undefined)
      throw new PlatformError('CONTRACT_VIOLATED', { details: { reason: `nobody reads ${record.topic}` } });
    try {
      const result: unknown = await handler(record, new KafkaRecordContext([record, signal]));
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    } catch (error) {
      if (!(error instanceof Error) && (error as { message?: unknown } | null)?.message === erased)
        throw new Error('A handler failed, and its error was erased: the controller lacks @RecordController()', { cause: error });
      throw error;
    }
  }
}
