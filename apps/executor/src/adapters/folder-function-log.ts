import type { FunctionDocument, FunctionLogPage, FunctionLogQuery } from '#contracts';
import { printable, printableLines, utcText } from '#contracts';
import type { Clock, DayFiles, Logger, Timer } from '#platform';
import type { FunctionLog } from '../runtime.ts';
import { readFunctionLog } from './function-log-reader.ts';

const flushEveryMs = 500;
/**
 * The most output in memory, in characters of the file. Output beyond it is dropped until some of
 * it is written.
 */
const bufferedBytesMax = 8 * 1_048_576;

const fieldSeparator = ' ';

function folderOf(fn: Pick<FunctionDocument, 'project' | 'package' | 'name'>): readonly string[] {
  return [fn.project, `${fn.package}.${fn.name}`];
}

/**
 * Keeps the output of each function in a file a day. It buffers output, so that a function that
 * prints much costs two writes a second.
 *
 * Each line of the file is `<time> <request id> <line of output>`, with `-` for output of no call.
 * Output is {@link printable}: no function can write a line that reads as another request's.
 */
export class FolderFunctionLog implements FunctionLog {
  private buffers = new Map<string, { readonly folder: readonly string[]; lines: string[] }>();
  /** Also of the output that is being written. */
  private bufferedBytes = 0;
  /** Of the output that no write has begun with. */
  private unwrittenBytes = 0;
  private timer: Timer | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly files: DayFiles,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  write(fn: FunctionDocument, requestId: string, text: string): void {
    if (this.bufferedBytes > bufferedBytesMax) return;
    const buffer = this.buffers.get(fn.urn) ?? { folder: folderOf(fn), lines: [] };
    this.buffers.set(fn.urn, buffer);
    const owner = requestId === '' ? '-' : printable(requestId, fieldSeparator);
    const head = `${utcText(this.clock.now())}Z ${owner} `;
    for (const output of printableLines(text)) {
      if (output === '') continue;
      const line = `${head}${output}\n`;
      buffer.lines.push(line);
      // A short line is smaller than its head, and an escape is longer than its character.
      this.bufferedBytes += line.length;
      this.unwrittenBytes += line.length;
      if (this.bufferedBytes > bufferedBytesMax) break;
    }
    this.timer ??= this.clock.setTimer(flushEveryMs, () => void this.flush());
  }

  /** The newest lines of the log of a function, those of this moment included. */
  async read(query: FunctionLogQuery): Promise<FunctionLogPage> {
    this.timer?.cancel();
    await this.flush();
    return readFunctionLog(await this.files.list(folderOf(query)), query);
  }

  async close(): Promise<void> {
    this.timer?.cancel();
    await this.flush();
  }

  private async flush(): Promise<void> {
    this.timer = undefined;
    const { buffers, unwrittenBytes } = this;
    this.buffers = new Map();
    this.unwrittenBytes = 0;
    this.writing = this.writing.then(async () => {
      for (const [urn, { folder, lines }] of buffers)
        await this.files
          .append(folder, lines.join(''))
          .catch((error: unknown) => this.logger.warn({ err: error, function: urn }, 'cannot write the log of a function'));
      this.bufferedBytes -= unwrittenBytes;
    });
    await this.writing;
  }
}
