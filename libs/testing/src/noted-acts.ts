import type { Act, Tracing } from '#platform';

/** An act as a test sees it. */
export interface NotedAct {
  readonly name: Act['name'];
  readonly parent: string | undefined;
  readonly after: string | undefined;
  readonly fault: string | undefined;
}

/** Tracing that notes its acts in the order of their ends. */
export class NotedActs implements Tracing {
  readonly ended: NotedAct[] = [];
  private begun = 0;

  /** The trace context of an act that began: 1 is the first. */
  context(act: number): string {
    return `00-${'a'.repeat(32)}-${String(act).padStart(16, '0')}-01`;
  }

  readonly during: Tracing['during'] = async ({ name, traceparent: parent, after }, work, endOf) => {
    this.begun += 1;
    const result = await work(this.context(this.begun));
    this.ended.push({ name, parent, after, fault: endOf(result).fault });
    return result;
  };

  /** Does nothing. */
  async close(): Promise<void> {}
}
