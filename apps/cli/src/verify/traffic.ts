import { randomUUID } from 'node:crypto';
import { CommandFailure } from '../command-failure.ts';
import type { Session } from '../session.ts';
import type { KafkaDoor } from './kafka-door.ts';

/** Invocations that `verify` has sent. */
export class Traffic {
  /** Request ids that were accepted, by door. */
  readonly accepted = { http: new Set<string>(), kafka: new Set<string>() };
  readonly refused = { http: 0, kafka: 0 };
  private sent = 0;
  private readonly pending = new Set<Promise<void>>();

  /** @param session is not interrupted, so that each invocation that was sent is known. */
  constructor(
    private readonly session: Session,
    private readonly load: {
      readonly fn: string;
      readonly projectId: string;
      readonly tag: string;
      readonly delaySeconds: number;
    },
    private readonly kafka: KafkaDoor | undefined,
  ) {}

  /** How many are sent and neither accepted nor refused. */
  get waiting(): number {
    return this.pending.size;
  }

  /** Sends one invocation: through both doors in turn, and each fifth pair delayed. */
  sendOne(): void {
    const number = this.sent++;
    const isDelayed = Math.floor(number / 2) % 5 === 4;
    const isKafka = this.kafka !== undefined && number % 2 === 1;
    const sending = (isKafka ? this.overKafka(number, isDelayed) : this.overHttp(number, isDelayed)).finally(() =>
      this.pending.delete(sending),
    );
    this.pending.add(sending);
  }

  /** Resolves when each invocation that was sent is accepted or refused. */
  async settled(): Promise<void> {
    await Promise.all(this.pending);
  }

  private async overHttp(number: number, isDelayed: boolean): Promise<void> {
    const { fn, tag, delaySeconds } = this.load;
    const headers = { 'x-sendoff-tags': tag, ...(isDelayed ? { 'x-sendoff-delay-seconds': String(delaySeconds) } : {}) };
    const request = { method: 'POST', path: ['fgs', 'functions', fn, 'invocations-async'], headers, body: { number } };
    try {
      this.accepted.http.add((await this.session.ask<{ request_id: string }>(request)).request_id);
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      this.refused.http += 1;
    }
  }

  private async overKafka(number: number, isDelayed: boolean): Promise<void> {
    const { fn, projectId, tag, delaySeconds } = this.load;
    const requestId = randomUUID();
    const headers = {
      'sendoff-function': fn,
      'sendoff-project': projectId,
      'sendoff-request-id': requestId,
      'sendoff-tags': tag,
      ...(isDelayed ? { 'sendoff-delay-seconds': String(delaySeconds) } : {}),
    };
    try {
      await this.kafka?.send({ event: { number }, headers });
      this.accepted.kafka.add(requestId);
    } catch {
      // Whatever the client says: the brokers did not acknowledge the record.
      this.refused.kafka += 1;
    }
  }
}
