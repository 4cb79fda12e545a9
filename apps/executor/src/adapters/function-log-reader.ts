import { open } from 'node:fs/promises';
import { type EpochMs, epochMs, type FunctionLogLine, type FunctionLogPage, type FunctionLogQuery } from '#contracts';

const chunkBytes = 65_536;
const newLine = 0x0a;
/** The most text that one question reads of the lines it asks for. */
const searchedBytesMax = 4 * 1_048_576;

/** Reads a line of a log file. @returns undefined for a line that a crash has cut. */
function lineOf(text: string): FunctionLogLine | undefined {
  const [, time = '', requestId = '', output = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z (\S+) (.*)$/.exec(text) ?? [];
  return time === '' ? undefined : { at: epochMs(Date.parse(`${time}Z`)), requestId, text: output };
}

/** The lines of a file, the last one first. Yields nothing for a file that rotation has removed. */
async function* linesBackward(file: string): AsyncIterable<Buffer> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return;
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (let end = (await handle.stat()).size; end > 0; ) {
      const begin = Math.max(0, end - chunkBytes);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - begin), 0, end - begin, begin);
      rest = Buffer.concat([buffer.subarray(0, bytesRead), rest]);
      for (let at = rest.lastIndexOf(newLine); at >= 0; at = rest.lastIndexOf(newLine)) {
        if (at + 1 < rest.length) yield rest.subarray(at + 1);
        rest = rest.subarray(0, at);
      }
      end = begin;
      // A line that never ends is no line of a log.
      if (rest.length > searchedBytesMax) return;
    }
    if (rest.length > 0) yield rest;
  } finally {
    await handle.close();
  }
}

/**
 * Finds the newest lines of a log that a question asks for. Reads from the ends of the files, and
 * stops after 4 MiB of lines until the asked instant.
 * @param files of one function, the newest first.
 */
export async function readFunctionLog(files: readonly string[], query: FunctionLogQuery): Promise<FunctionLogPage> {
  const { requestId, until = Number.MAX_SAFE_INTEGER, limit } = query;
  const lines: FunctionLogLine[] = [];
  let searchedBytes = 0;
  let searchedTo: EpochMs | undefined;
  for (const file of files)
    for await (const bytes of linesBackward(file)) {
      const line = lineOf(bytes.toString());
      if (line === undefined || line.at > until) continue;
      searchedBytes += bytes.length;
      searchedTo = line.at;
      if (requestId === undefined || line.requestId === requestId) lines.push(line);
      if (lines.length >= limit) return { lines };
      if (searchedBytes > searchedBytesMax) return { lines, searchedTo };
    }
  return { lines };
}
