import { type OutgoingRecord, PlatformError } from '#contracts';
import type { Publisher } from '#kafka';

/** A publisher that passes records on until a test makes it fail or hang. */
export class FailingPublisher implements Publisher {
  private instead: (() => Promise<void>) | undefined;

  /** The failures that brokers and their client can cause, for the conformance suite. */
  readonly failures = {
    'the brokers are away': () => this.failWith(new PlatformError('BROKER_UNAVAILABLE')),
    'the record is too large': () => this.failWith(new PlatformError('RECORD_TOO_LARGE')),
    'the client throws an unexpected error': () => this.failWith(new TypeError('x is not a function')),
  };

  constructor(private readonly publisher: Publisher) {}

  publish(records: OutgoingRecord | readonly OutgoingRecord[]): Promise<void> {
    return this.instead?.() ?? this.publisher.publish(records);
  }

  readonly hang = (): void => {
    this.instead = () => new Promise(() => undefined);
  };

  close(): Promise<void> {
    return this.publisher.close();
  }

  private failWith(error: Error): void {
    this.instead = () => Promise.reject(error);
  }
}
