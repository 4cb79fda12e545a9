import { decodeTargetChange, encodeTargetChange, type TargetChange, targetChangeKey } from '#contracts';
import { type KafkaGateway, KeptTopic } from '#kafka';
import { type Clock, type Logger, TargetStates } from '#platform';

/** Parts of {@link KeptTargets}. */
export interface KeptTargetsParts {
  readonly gateway: Pick<KafkaGateway, 'topics' | 'follower' | 'publisher'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Called for each change that is read. */
  readonly onChange: (change: TargetChange) => void;
}

/**
 * The targets that fail or are switched off, from the topic `targets`. If the topic loses them, the
 * ingress writes them again.
 */
export class KeptTargets {
  readonly states = new TargetStates();
  private readonly topic: KeptTopic;

  constructor(private readonly parts: KeptTargetsParts) {
    const { gateway, clock, logger } = parts;
    this.topic = new KeptTopic({
      topic: gateway.topics.name('targets'),
      ...{ gateway, clock, logger },
      keys: () => [...this.states.changes()].map(targetChangeKey),
      recordOf: (key) => {
        const change = this.states.current(decodeTargetChange({ key, value: null }));
        return change === undefined ? undefined : encodeTargetChange(gateway.topics.name('targets'), change);
      },
    });
  }

  /** Resolves when the topic was read to its end. */
  async start(): Promise<void> {
    await this.topic.start((record) => {
      const change = decodeTargetChange(record);
      this.states.apply(change);
      this.parts.onChange(change);
    });
  }

  async close(): Promise<void> {
    await this.topic.close();
  }
}
