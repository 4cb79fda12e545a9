import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Runs one line after the other and answers each with one line. */
const loop = `while IFS= read -r line; do
  if answer=$(eval "$line" 2>&1 </dev/null); then echo "ok $answer"; else echo "failed $answer"; fi | tr '\\n' ' '; echo
done`;

/** Puts a text between single quotes, for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A line that pipes a text into a command. */
export function piped(text: string, command: string): string {
  return `printf '%s\\n' ${text.trim().split('\n').map(quoted).join(' ')} | ${command}`;
}

/** Options of {@link NamespaceShell}. */
export interface NamespaceShellOptions {
  /** The start of the command line, e.g. `nsenter`. */
  readonly prefix?: readonly string[];
  /** True to make a user namespace too, in which the shell is root. */
  readonly asUser: boolean;
}

/**
 * A shell in new network and mount namespaces, which exist as long as it runs. It has all rights
 * over them. The kernel ends it when this process ends.
 */
export class NamespaceShell {
  private readonly waiting: ((line: string) => void)[] = [];
  private lastError = '';
  private hasEnded = false;
  /** Resolves when the shell has ended, with the reason. */
  readonly ended: Promise<string>;

  private constructor(private readonly child: ChildProcess) {
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) => resolve(this.lastError || (signal ?? `exit code ${code}`)));
    });
    child.stderr?.on('data', (chunk: Buffer) => (this.lastError = chunk.toString().trim().split('\n').at(-1) ?? ''));
    if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => this.waiting.shift()?.(line));
    child.stdin?.on('error', () => undefined);
    void this.ended.then((reason) => {
      this.hasEnded = true;
      for (const answer of this.waiting.splice(0)) answer(`failed ${reason}`);
    });
  }

  /** @throws Error if the kernel does not allow the namespaces. */
  static async start({ prefix = [], asUser }: NamespaceShellOptions): Promise<NamespaceShell> {
    const namespaces = ['--net', '--mount', '--propagation', 'private', ...(asUser ? ['--user', '--map-root-user'] : [])];
    const [file = '', ...args] = [
      ...prefix,
      ...['unshare', ...namespaces, '--'],
      ...['setpriv', '--pdeathsig', 'KILL', '--', 'sh', '-c', loop],
    ];
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
    const shell = new NamespaceShell(spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'] }));
    await shell.run('true');
    return shell;
  }

  /** The id of the shell's process: its namespaces are in `/proc/<pid>/ns`. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /**
   * Runs a line of shell after those before it.
   * @returns what the line wrote, in one line.
   * @throws Error with what the line wrote if it failed.
   */
  async run(line: string): Promise<string> {
    if (line.includes('\n')) throw new Error('a command must be one line');
    const answer = await new Promise<string>((resolve) => {
      if (this.hasEnded) return resolve('failed the shell has ended');
      this.waiting.push(resolve);
      this.child.stdin?.write(`${line}\n`);
    });
    if (answer.startsWith('ok ')) return answer.slice('ok '.length).trim();
    throw new Error(answer.slice('failed '.length).trim());
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
