import Tinypool from 'tinypool';
import { Fifo, moduleBeside } from '#platform';
import { type FolderObject, writeAll, type WriteFault } from './folder-writer-worker.ts';

const workerFile = moduleBeside(import.meta.url, 'folder-writer-worker');
const idleTimeoutMs = 30_000;
/** Objects that the thread writes in one go: some 5 ms of work. */
const atOnceMax = 64;

const tooLate: WriteFault = { message: 'the object waited too long for the disk' };

interface WaitingObject {
  readonly object: FolderObject;
  /** Ends the wait: the object is about to be written. */
  readonly leave: () => void;
  readonly resolve: (fault?: WriteFault) => void;
}

/**
 * Writes objects into a folder by a worker thread. The first object starts it, and it ends after
 * 30 s without one. Objects that come while the thread is busy go to it together. The records that
 * the consumer holds bound how many wait: a bound here would fail tries if many targets are busy.
 */
export class FolderWriter {
  private readonly pool = new Tinypool({
    filename: workerFile,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: idleTimeoutMs,
  });
  private readonly waiting = new Fifo<WaitingObject>();
  private isWriting = false;
  private isClosed = false;

  /**
   * Writes one object.
   * @param signal An object that still waits when it aborts is not written.
   * @returns why it was not written; undefined if it was.
   */
  async write(object: FolderObject, signal: AbortSignal): Promise<WriteFault | undefined> {
    if (signal.aborted) return tooLate;
    const { promise, resolve } = Promise.withResolvers<WriteFault | undefined>();
    const giveUp = () => {
      this.waiting.remove(waiting);
      resolve(tooLate);
    };
    const waiting = { object, leave: () => signal.removeEventListener('abort', giveUp), resolve };
    signal.addEventListener('abort', giveUp, { once: true });
    this.waiting.push(waiting);
    if (!this.isWriting) void this.writeWaiting();
    return promise;
  }

  private async writeWaiting(): Promise<void> {
    this.isWriting = true;
    for (let batch = this.nextBatch(); batch.length > 0; batch = this.nextBatch()) {
      const faults = await this.faultsOf(batch.map(({ object }) => object));
      for (const [index, { resolve }] of batch.entries()) resolve(faults[index]);
    }
    this.isWriting = false;
  }

  private nextBatch(): readonly WaitingObject[] {
    const batch: WaitingObject[] = [];
    while (batch.length < atOnceMax) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      next.leave();
      batch.push(next);
    }
    return batch;
  }

  private async faultsOf(objects: readonly FolderObject[]): Promise<readonly (WriteFault | undefined)[]> {
    // A closed pool would start another thread.
    if (this.isClosed) return objects.map(() => ({ message: 'the notifier closes' }));
    try {
      return (await this.pool.run(objects, { name: writeAll.name })) as ReturnType<typeof writeAll>;
    } catch (error) {
      const message = `the thread that writes ended: ${(error as Error).message}`;
      return objects.map(() => ({ message }));
    }
  }

  /** Ends the thread; an object that it writes may be left as a draft. Nothing more is written. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.pool.destroy();
  }
}
