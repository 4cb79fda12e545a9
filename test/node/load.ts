import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '#testing';
import type { Client } from '../e2e/client.ts';

/** How an ended load went. */
export interface LoadReport {
  readonly accepted: number;
  /** Requests that got no 202. The client may send them again. */
  readonly refused: readonly string[];
  /** Statuses of the accepted invocations, with their numbers. */
  readonly ended: Readonly<Record<string, number>>;
  /** The longest time between two requests that were accepted, in milliseconds. */
  readonly longestGapMs: number;
}

/** Invokes a function without a pause until it is told to stop. */
export class Load {
  private readonly accepted = new Set<string>();
  private readonly refused: string[] = [];
  private readonly running: Promise<void>;
  private isOver = false;
  private lastAt = performance.now();
  private longestGapMs = 0;

  constructor(
    private readonly client: Client,
    private readonly functionName: string,
    private readonly pauseMs: number,
  ) {
    this.running = this.run();
  }

  /** How many invocations have been accepted until now. */
  get count(): number {
    return this.accepted.size;
  }

  /** Stops, and waits until each accepted invocation has ended. */
  async stop(deadlineMs = 120_000): Promise<LoadReport> {
    this.isOver = true;
    await this.running;
    const statuses = await eventually(async () => this.endedStatuses(), { deadlineMs, pauseMs: 500 });
    const ended = Object.fromEntries(
      [...new Set(statuses)].map((status) => [status, statuses.filter((each) => each === status).length]),
    );
    return { accepted: this.accepted.size, refused: this.refused, ended, longestGapMs: Math.round(this.longestGapMs) };
  }

  private async run(): Promise<void> {
    while (!this.isOver) {
      try {
        this.accepted.add(await this.client.invoke(this.functionName, {}));
        const now = performance.now();
        this.longestGapMs = Math.max(this.longestGapMs, now - this.lastAt);
        this.lastAt = now;
      } catch (error) {
        this.refused.push(String(error instanceof Error ? (error.cause ?? error.message) : error));
      }
      await delay(this.pauseMs);
    }
  }

  /** The statuses of all accepted invocations. @throws Error while some have not ended. */
  private async endedStatuses(): Promise<readonly string[]> {
    const statuses = await statusesOf(this.client, this.functionName);
    const open = [...this.accepted].filter((id) => !['SUCCESS', 'FAIL', 'DISCARD'].includes(statuses.get(id) ?? ''));
    if (open.length > 0) throw new Error(`${open.length} of ${this.accepted.size} have not ended, such as ${open[0]}`);
    return [...this.accepted].map((id) => statuses.get(id) ?? '');
  }
}

/** The statuses of all records of a function, by request id. */
async function statusesOf(client: Client, functionName: string): Promise<ReadonlyMap<string, string>> {
  const statuses = new Map<string, string>();
  for (let marker = 0; ; ) {
    const path = `/fgs/functions/${functionName}/async-invocations?limit=500&marker=${marker}`;
    const page = await client.must<{ invocations: { request_id: string; status: string }[]; next_marker: number }>('GET', path);
    for (const { request_id: id, status } of page.invocations) statuses.set(id, status);
    if (page.next_marker === 0) return statuses;
    marker = page.next_marker;
  }
}
