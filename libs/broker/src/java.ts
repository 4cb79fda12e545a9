import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { lastLines } from './last-lines.ts';

const run = promisify(execFile);

/** Oldest Java version that the broker runs on. */
export const javaMajorMin = 17;
/** Longest wait for the answer of a program. The server behind `docker` may hang. */
const answerMs = 20_000;

/**
 * Reads the major version from the output of `java -version`.
 * @returns undefined if the text contains no version.
 */
export function javaMajorOf(text: string): number | undefined {
  const match = /version "(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null) return undefined;
  const major = Number(match[1]);
  return major === 1 ? Number(match[2]) : major;
}

/** A Java that is new enough for the broker. */
export interface FoundJava {
  readonly command: string;
  /** The text with which it tells its version, its build and its maker. */
  readonly version: string;
}

/** A Java that is new enough, or why each command that was tried cannot be used. */
export type JavaSearch =
  | ({ readonly kind: 'found' } & FoundJava)
  | { readonly kind: 'missing'; readonly reasons: readonly string[] };

type Places = Readonly<Record<string, string | undefined>>;

/**
 * Finds a Java that is new enough: first in JAVA_HOME, then on the PATH.
 * @param waitMs longest wait for the answer of a command.
 */
export async function findJava(env: Places = process.env, waitMs = answerMs): Promise<JavaSearch> {
  const home = env['JAVA_HOME'] ?? '';
  const reasons: string[] = [];
  for (const command of [...(home === '' ? [] : [resolve(home, 'bin', 'java')]), 'java']) {
    const answer = await answerOf(command, ['-version'], env, waitMs);
    if (answer.kind === 'failed') {
      reasons.push(answer.reason);
      continue;
    }
    const major = javaMajorOf(answer.text);
    if (major !== undefined && major >= javaMajorMin) return { kind: 'found', command, version: answer.text };
    reasons.push(major === undefined ? `${command} tells no version` : `${command} is version ${major}`);
  }
  return { kind: 'missing', reasons };
}

/**
 * Runs a command to see whether it can be used.
 * @returns why it cannot; undefined if it exits with 0.
 */
export async function whyNot(command: string, args: readonly string[]): Promise<string | undefined> {
  const answer = await answerOf(command, args, process.env, answerMs);
  return answer.kind === 'failed' ? answer.reason : undefined;
}

type Answer = { readonly kind: 'answered'; readonly text: string } | { readonly kind: 'failed'; readonly reason: string };

async function answerOf(command: string, args: readonly string[], env: Places, waitMs: number): Promise<Answer> {
  const options = { timeout: waitMs, killSignal: 'SIGKILL', env: { ...process.env, PATH: env['PATH'] } } as const;
  return run(command, [...args], options).then(
    ({ stdout, stderr }): Answer => ({ kind: 'answered', text: stdout + stderr }),
    (error: unknown): Answer => ({ kind: 'failed', reason: failureOf(command, error, waitMs) }),
  );
}

function failureOf(command: string, error: unknown, waitMs: number): string {
  const { code, killed, stderr = '' } = error as { code?: string | number; killed?: boolean; stderr?: string };
  if (code === 'ENOENT') return `${command} is not installed`;
  if (killed === true) return `${command} did not answer within ${waitMs / 1_000} s`;
  const [said] = lastLines(stderr, 1);
  return `${command} failed (${typeof code === 'number' ? `exit code ${code}` : code})${said === undefined ? '' : `: ${said}`}`;
}
