import { Inject, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import {
  decodeRedriveChange,
  encodeRedriveChange,
  type IncomingRecord,
  redriveBounds,
  type RedriveChange,
  redriveChangeKey,
} from '#contracts';
import { KAFKA, type KafkaGateway, KeptTopic } from '#kafka';
import { isActiveRedrive, type Redrive } from '#lifecycle';
import { type Clock, CLOCK, type Logger, LOGGER } from '#platform';

const caughtUpTimeoutMs = 5_000;

/** The known parts of one redrive; its spec may not have been read yet. */
type Parts = { readonly [Part in keyof Redrive]?: Redrive[Part] };

interface Entry {
  readonly parts: Parts;
  /** When this process last read anything of it but an order, by its own clock. */
  readonly heardAtMs: number;
}

/**
 * The redrives of the installation, as this process has read them from the compacted topic
 * `redrives`. Every ingress reads the same records in the same order.
 */
export class RedriveLog implements OnModuleInit, OnApplicationShutdown {
  private readonly entries = new Map<string, Entry>();
  private readonly topic: KeptTopic;

  constructor(
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.topic = new KeptTopic({
      topic: kafka.topics.name('redrives'),
      ...{ gateway: kafka, clock, logger },
      keys: () => this.changes().map(redriveChangeKey),
      recordOf: (key) => {
        const change = this.changes().find((one) => redriveChangeKey(one) === key);
        return change === undefined ? undefined : encodeRedriveChange(kafka.topics.name('redrives'), change);
      },
    });
  }

  onModuleInit(): Promise<void> {
    return this.topic.start((record) => this.apply(record));
  }

  onApplicationShutdown(): Promise<void> {
    return this.topic.close();
  }

  /** All redrives, newest first. */
  all(): readonly Redrive[] {
    return [...this.entries.values()]
      .flatMap(({ parts: { spec, ...rest } }) => (spec === undefined ? [] : [{ spec, ...rest }]))
      .toSorted((one, other) => other.spec.createdAt - one.spec.createdAt);
  }

  /** Returns undefined if no redrive of the project has the id. */
  find(project: string, id: string): Redrive | undefined {
    return this.all().find(({ spec }) => spec.id === id && spec.project === project);
  }

  /** Milliseconds since a process wrote something of a redrive, as far as this one has read it. */
  silentMs(id: string): number {
    return this.clock.elapsedMs() - (this.entries.get(id)?.heardAtMs ?? 0);
  }

  /**
   * Writes changes. Resolves when this process has read them back.
   * @throws PlatformError `BROKER_UNAVAILABLE`, `REGISTRY_BEHIND`.
   */
  async write(...changes: readonly RedriveChange[]): Promise<void> {
    const topic = this.kafka.topics.name('redrives');
    await this.kafka.publisher.publish(changes.map((change) => encodeRedriveChange(topic, change)));
    await this.topic.caughtUp(caughtUpTimeoutMs);
  }

  /** The changes that forget the oldest ended redrives, so that one more can be kept. */
  forgotten(): readonly RedriveChange[] {
    const all = this.all();
    const over = all.filter((redrive) => !isActiveRedrive(redrive)).toReversed();
    return over
      .slice(0, Math.max(0, all.length + 1 - redriveBounds.keptMax))
      .flatMap(({ spec: { id } }) => (['run', 'order', 'spec'] as const).map((kind) => ({ kind, id })));
  }

  /**
   * All that this process has read of redrives and may write again. The process that runs a redrive
   * writes its run every 2 s; an older one from here would take it back.
   */
  private changes(): readonly RedriveChange[] {
    return this.all().flatMap((redrive): readonly RedriveChange[] => {
      const { spec, run, order } = redrive;
      const { id } = spec;
      return [
        { kind: 'spec', id, spec },
        ...(order === undefined ? [] : [{ kind: 'order', id, order } as const]),
        ...(run === undefined || isActiveRedrive(redrive) ? [] : [{ kind: 'run', id, run } as const]),
      ];
    });
  }

  private apply(record: IncomingRecord): void {
    const change = decodeRedriveChange(record);
    const { kind, id } = change;
    const known = this.entries.get(id) ?? { parts: {}, heardAtMs: 0 };
    const { [kind]: _before, ...others } = known.parts;
    const value = kind === 'spec' ? change.spec : kind === 'run' ? change.run : change.order;
    const parts = { ...others, ...(value === undefined ? {} : { [kind]: value }) };
    if (Object.keys(parts).length === 0) return void this.entries.delete(id);
    this.entries.set(id, { parts, heardAtMs: kind === 'order' ? known.heardAtMs : this.clock.elapsedMs() });
  }
}
