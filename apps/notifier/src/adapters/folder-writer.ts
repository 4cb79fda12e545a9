import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import Tinypool from 'tinypool';
import { type FolderObject, writeAll, type WriteFault } from './folder-writer-worker.ts';

/** The worker beside this file: compiled in production, source in tests. */
const workerFile = fileURLToPath(new URL(`./folder-writer-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
const idleTimeoutMs = 30_000;
/** Objects that the thread writes in one go: some 5 ms of work. */
const atOnceMax = 64;

interface WaitingObject {
  readonly object: FolderObject;
  readonly signal: AbortSignal;
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
  private waiting: WaitingObject[] = [];
  private isWriting = false;
  private isClosed = false;

  /**
   * Writes one object.
   * @param signal An object that still waits when it aborts is not written.
   * @returns why it was not written; undefined if it was.
   */
  async write(object: FolderObject, signal: AbortSignal): Promise<WriteFault | undefined> {
    const { promise, resolve } = Promise.withResolvers<WriteFault | undefined>();
    this.waiting.push({ object, signal, resolve });
    if (!this.isWriting) void this.writeWaiting();
    return promise;
  }

  private async writeWaiting(): Promise<void> {
    this.isWriting = true;
    while (this.waiting.length > 0) {
      const taken = this.waiting.splice(0, atOnceMax);
      const { late = [], batch = [] } = Object.groupBy(taken, ({ signal }) => (signal.aborted ? 'late' : 'batch'));
      for (const { resolve } of late) resolve({ message: 'the object waited too long for the disk' });
      const faults = await this.faultsOf(batch.map(({ object }) => object));
      for (const [index, { resolve }] of batch.entries()) resolve(faults[index]);
    }
    this.isWriting = false;
  }

  private async faultsOf(objects: readonly FolderObject[]): Promise<readonly (WriteFault | undefined)[]> {
    if (objects.length === 0) return [];
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
