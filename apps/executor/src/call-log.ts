import { type EpochMs, lastLines, limits, printableLines, utcText } from '#contracts';

/** The figures in the last line of a call's log. */
export interface FinishedCall {
  readonly durationMs: number;
  readonly memoryMb: number;
  readonly memoryUsedBytes?: number;
}

/** The form of the first and the last line. */
const ownLine = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (?:Start|Finish) invoke request /;

/**
 * A line of output. Only the executor writes a first or last line: output of that form gets its
 * first digit escaped.
 */
function outputLine(line: string): string {
  return ownLine.test(line) ? `\\u{${line.charCodeAt(0).toString(16)}}${line.slice(1)}` : line;
}

/**
 * The log of one call: a first line, the output of the function and a last line. Only the end of a
 * long log is kept. Output is printable, and cannot be taken for a line of the executor.
 */
export class CallLog {
  private readonly first: string;
  private output: string[] = [];
  private length = 0;
  private isCut = false;

  /** @param version the function's version. */
  constructor(
    private readonly requestId: string,
    version: string,
    startedAt: EpochMs,
  ) {
    this.first = `${secondOf(startedAt)} Start invoke request '${requestId}', version: ${version}`;
  }

  /** Adds output. Drops output that is too old to be in the end of the log. */
  add(text: string): void {
    this.output.push(text);
    this.length += text.length;
    if (this.length < 2 * limits.callLogBytesMax) return;
    // The first line is dropped with the output after it.
    this.output = [this.output.join('').slice(-limits.callLogBytesMax)];
    this.length = limits.callLogBytesMax;
    this.isCut = true;
  }

  /** The whole text, cut to its last `limits.callLogBytesMax` bytes. */
  finish(endedAt: EpochMs, { durationMs, memoryMb, memoryUsedBytes }: FinishedCall): string {
    const used = memoryUsedBytes === undefined ? '' : `, memory used: ${(memoryUsedBytes / 1_048_576).toFixed(3)}MB`;
    const numbers = `duration: ${durationMs.toFixed(3)}ms, billing duration: ${Math.ceil(durationMs)}ms${used}, billing memory: ${memoryMb}MB`;
    const last = `${secondOf(endedAt)} Finish invoke request '${this.requestId}', ${numbers}\n`;
    const lines = printableLines(this.output.join('')).map(outputLine);
    // Output that ends with a line end has an empty text after it.
    if (lines.at(-1) === '') lines.pop();
    const head = this.isCut ? [`…${lines.shift() ?? ''}`] : [this.first];
    return lastLines([...head, ...lines, last].join('\n'), limits.callLogBytesMax);
  }
}

/** `YYYY-MM-DDTHH:mm:ssZ`. */
function secondOf(at: EpochMs): string {
  return `${utcText(at).slice(0, 19)}Z`;
}
