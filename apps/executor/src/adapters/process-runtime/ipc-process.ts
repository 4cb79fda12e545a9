import type { ChildProcess } from 'node:child_process';
import type { FunctionProcess } from './process-launcher.ts';
import type { ToInstance } from './protocol.ts';

/**
 * A process that talks over the channel that Node opens for `stdio: 'ipc'`: one JSON array a line,
 * on the file descriptor in `NODE_CHANNEL_FD`. Any language can read it.
 */
export class IpcProcess implements FunctionProcess {
  constructor(private readonly child: ChildProcess) {
    // A message that cannot be sent is lost with the process, and onEnd tells the instance.
    child.on('error', () => undefined);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  send(messages: readonly ToInstance[]): void {
    if (this.child.connected) this.child.send(messages, () => undefined);
  }

  onMessages(listener: (sent: unknown) => void): void {
    this.child.on('message', listener);
  }

  onOutput(listener: (chunk: Buffer) => void): void {
    this.child.stdout?.on('data', listener);
    this.child.stderr?.on('data', listener);
  }

  onEnd(listener: (how: string) => void): void {
    this.child.once('exit', (code, signal) => listener(signal ?? `exit code ${code}`));
    // A process that could not be started never exits.
    if (this.child.pid === undefined) this.child.once('error', (error) => listener(error.message));
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
