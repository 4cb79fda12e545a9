import { Counter, type Registry as Metrics } from 'prom-client';
import { type Clock, RepeatedWork } from '#platform';
import type { Registry } from './registry.ts';
import type { RegistryWriter } from './registry-writer.ts';
import type { Warn } from './refused-documents.ts';

/** Parts of a {@link RegistryKeeper}. */
export interface RegistryKeeperParts {
  readonly registry: Registry;
  readonly writer: Pick<RegistryWriter, 'restore'>;
  readonly clock: Clock;
  readonly warn: Warn;
  readonly metrics?: Metrics;
}

/** Wait between two looks at the keys that were overwritten. */
const intervalMs = 1_000;
/** Keys that are restored at once. */
const batchMax = 500;

/**
 * Writes a document again if the last record of its key is one that does not count, or if the topic
 * was created again. Otherwise a process that starts later would not find the document. Each
 * ingress has a keeper; two of them write the same record, and the second changes nothing.
 */
export class RegistryKeeper {
  private readonly looks: RepeatedWork;
  private readonly counter: Counter | undefined;

  constructor(private readonly parts: RegistryKeeperParts) {
    const { clock, metrics } = parts;
    this.looks = new RepeatedWork(clock, intervalMs, async () => this.look());
    this.counter =
      metrics === undefined
        ? undefined
        : new Counter({
            name: 'sendoff_registry_documents_restored_total',
            help: 'Keys of the registry that the ingress wrote again, because somebody else had written to them or deleted the topic.',
            registers: [metrics],
          });
  }

  /** Looks once a second, until {@link close}. */
  start(): void {
    this.looks.start();
  }

  close(): void {
    this.looks.close();
  }

  private async look(): Promise<void> {
    const { registry, writer, warn } = this.parts;
    const keys = registry.overwrittenKeys.slice(0, batchMax);
    if (keys.length === 0) return;
    try {
      await writer.restore(keys);
      this.counter?.inc(keys.length);
    } catch (error) {
      warn('The ingress could not restore overwritten documents of the registry and tries again', { error: String(error) });
    }
  }
}
