import { decodeTargetChange, encodeTargetChange, type TargetChange, targetChangeKey } from '#contracts';
import { type KafkaGateway, type TopicFollower, TopicKeeper } from '#kafka';
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
  private readonly follower: TopicFollower;
  private readonly keeper: TopicKeeper;

  constructor(private readonly parts: KeptTargetsParts) {
    const { gateway, clock, logger } = parts;
    const topic = gateway.topics.name('targets');
    this.follower = gateway.follower({
      topic: gateway.topics.name('targets'),
      from: 'earliest',
      onLoss: () => this.keeper.noteLoss(),
    });
    this.keeper = new TopicKeeper({
      ...{ topic, follower: this.follower, publisher: gateway.publisher, clock, logger },
      keys: () => [...this.states.changes()].map(targetChangeKey),
      recordOf: (key) => {
        const change = this.states.current(decodeTargetChange({ key, value: null }));
        return change === undefined ? undefined : encodeTargetChange(topic, change);
      },
    });
  }

  /** Resolves when the topic was read to its end. */
  async start(): Promise<void> {
    this.keeper.start();
    await this.follower.start((record) => {
      this.keeper.noteRead(record.key);
      const change = decodeTargetChange(record);
      this.states.apply(change);
      this.parts.onChange(change);
    });
  }

  async close(): Promise<void> {
    this.keeper.close();
    await this.follower.close();
  }
}
