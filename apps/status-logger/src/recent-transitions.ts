import type { LivePage, LiveQuery, LiveTransition } from '#contracts';
import { statusAfter } from '#lifecycle';
import type { StatusChange } from './status-changes.ts';

const heldMax = 20_000;
const pageMax = 1_000;

interface Held extends LiveTransition {
  readonly project: string;
}

/**
 * The last 20,000 transitions that this process has stored, in memory. Ingresses follow them, so
 * that a client sees them live. A client that was away reads on from its place.
 */
export class RecentTransitions {
  private held: Held[] = [];
  private number = 0;

  /** @param process names this process. */
  constructor(
    private readonly process: string,
    private readonly max: number = heldMax,
  ) {}

  /** Adds what stored changes tell. */
  add(changes: readonly StatusChange[]): void {
    for (const { before, after } of changes) {
      // Nobody may see transitions while their function is not known. They are told when it is.
      if (after.functionUrn === '' || after.history === before?.history) continue;
      const known = before === undefined || before.functionUrn === '' ? [] : before.history.transitions;
      for (const transition of after.history.transitions)
        if (!known.includes(transition)) {
          const { project, requestId, functionUrn } = after;
          const status = statusAfter(transition, after.status);
          this.held.push({ number: ++this.number, project, requestId, functionUrn, status, transition });
        }
    }
    // Removing many at once costs less than one by one.
    if (this.held.length > this.max * 1.5) this.held = this.held.slice(-this.max);
  }

  /** Answers a question for the transitions after a place. */
  after({ project, process: asked, number: seen = 0 }: LiveQuery): LivePage {
    const { process, number } = this;
    if (asked !== process || seen > number)
      return { place: { process, number }, transitions: [], isGap: asked !== undefined, hasMore: false };
    const first = this.held[0]?.number ?? number + 1;
    const from = Math.max(0, seen + 1 - first);
    const page = this.held.slice(from, from + pageMax);
    return {
      place: { process, number: page.at(-1)?.number ?? number },
      transitions: page.filter((one) => one.project === project).map(({ project: _project, ...one }) => one),
      isGap: seen + 1 < first,
      hasMore: from + pageMax < this.held.length,
    };
  }
}
