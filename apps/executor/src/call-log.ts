import { type EpochMs, lastBytes, limits, utcText } from '#contracts';

/** The figures in the last line of a call's log. */
export interface FinishedCall {
  readonly durationMs: number;
  readonly memoryMb: number;
  readonly memoryUsedBytes?: number;
}

/**
 * The log of one call: a first line, the output of the function and a last line. Only the end of a
 * long log is kept.
 */
export class CallLog {
  private readonly lines: string[];
  private bytes = 0;

  /** @param version the function's version. */
  constructor(
    private readonly requestId: string,
    version: string,
    startedAt: EpochMs,
  ) {
    this.lines = [`${secondOf(startedAt)} Start invoke request '${requestId}', version: ${version}\n`];
  }

  /** Adds output. Drops output that is too old to be in the end of the log. */
  add(text: string): void {
    this.lines.push(text);
    this.bytes += text.length;
    if (this.bytes < 2 * limits.callLogBytesMax) return;
    const end = this.lines.join('').slice(-limits.callLogBytesMax);
    this.lines.splice(0, this.lines.length, end);
    this.bytes = end.length;
  }

  /** The whole text, cut to its last `limits.callLogBytesMax` bytes. */
  finish(endedAt: EpochMs, { durationMs, memoryMb, memoryUsedBytes }: FinishedCall): string {
    const output = this.lines.join('');
    const used = memoryUsedBytes === undefined ? '' : `, memory used: ${(memoryUsedBytes / 1_048_576).toFixed(3)}MB`;
    const numbers = `duration: ${durationMs.toFixed(3)}ms, billing duration: ${Math.ceil(durationMs)}ms${used}, billing memory: ${memoryMb}MB`;
    const last = `${secondOf(endedAt)} Finish invoke request '${this.requestId}', ${numbers}\n`;
    return lastBytes(`${output}${output.endsWith('\n') ? '' : '\n'}${last}`, limits.callLogBytesMax);
  }
}

/** `YYYY-MM-DDTHH:mm:ssZ`. */
function secondOf(at: EpochMs): string {
  return `${utcText(at).slice(0, 19)}Z`;
}
