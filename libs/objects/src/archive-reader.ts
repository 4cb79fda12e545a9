import Tinypool from 'tinypool';
import { moduleBeside } from '#platform';
import {
  asBuffer,
  type ArchiveFiles,
  type BodyToOpen,
  type FileField,
  type InspectedArchive,
  type OpenedBody,
} from './archive-worker.ts';

const workerFile = moduleBeside(import.meta.url, 'archive-worker');
const idleTimeoutMs = 30_000;
/** Tasks that may wait for the thread. */
const waitingMax = 100;
/** Heap of the thread: a body of 72 MB is held as bytes, as text and as the text of its file. */
const heapMbMax = 1_024;

/**
 * Reads large request bodies and ZIPs in a worker thread, so that the event loop stays free to
 * accept invocations.
 *
 * One thread, started by the first task and ended after 30 s without one. Bytes in shared memory
 * (see {@link sharedBytes}) are handed over without a copy. Every method rejects if the thread runs
 * out of memory or 100 tasks wait.
 */
export class ArchiveReader {
  private readonly pool = new Tinypool({
    filename: workerFile,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: idleTimeoutMs,
    maxQueue: waitingMax,
    resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
  });

  /** @returns the SHA-256 of the bytes, hex. */
  async sha256Of(bytes: Buffer): Promise<string> {
    return this.pool.run({ bytes }, { name: 'sha256Of' }) as Promise<string>;
  }

  /**
   * Parses a JSON body and takes the file out of it. The file is in shared memory.
   * @param restBytesMax largest body without its file.
   */
  async openBody(body: Buffer, field: FileField, restBytesMax: number): Promise<OpenedBody> {
    const task: BodyToOpen = { body, field, restBytesMax };
    const opened = (await this.pool.run(task, { name: 'openBody' })) as OpenedBody<Uint8Array>;
    if (opened.kind !== 'opened') return opened;
    return { ...opened, file: opened.file === undefined ? undefined : asBuffer(opened.file) };
  }

  /** Looks at all of an archive and hashes it. */
  async inspect(bytes: Buffer): Promise<InspectedArchive> {
    return this.pool.run({ bytes }, { name: 'inspect' }) as Promise<InspectedArchive>;
  }

  /** Unpacks an archive into memory. @param bytesMax of all files together. */
  async readFiles(bytes: Buffer, bytesMax: number): Promise<ArchiveFiles> {
    const read = (await this.pool.run({ bytes, bytesMax }, { name: 'readFiles' })) as ArchiveFiles<Uint8Array>;
    if (read.kind === 'refused') return read;
    return { kind: 'read', files: new Map([...read.files].map(([path, content]) => [path, asBuffer(content)])) };
  }

  /** Ends the thread; a task that runs is aborted. */
  async close(): Promise<void> {
    await this.pool.destroy();
  }
}

/** @returns zeroed bytes that {@link ArchiveReader} reads without a copy. */
export function sharedBytes(length: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(length));
}
