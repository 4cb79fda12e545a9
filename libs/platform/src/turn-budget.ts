/**
 * Bounds how much work of one kind begins in one turn of the event loop. Sockets are served between
 * two turns. So a backlog delays a request that arrives meanwhile by one short turn, and not by all
 * of its work.
 */
export class TurnBudget {
  private left: number;
  private isNextTurnPlanned = false;
  private readonly waiting = new Set<() => void>();
  /** Took the last start. */
  private last: (() => void) | undefined;

  /**
   * @param perTurn starts in one turn.
   * @param nextTurn calls back in the next turn of the event loop.
   */
  constructor(
    private readonly perTurn: number,
    private readonly nextTurn: (callback: () => void) => void = setImmediate,
  ) {
    this.left = perTurn;
  }

  /**
   * Takes one start of this turn. Callers that wait take turns, however much each has to do.
   * @param again is called once in the next turn, if this one has no start left.
   * @returns false if this turn has no start left.
   */
  take(again: () => void): boolean {
    if (!this.isNextTurnPlanned) {
      this.isNextTurnPlanned = true;
      this.nextTurn(() => this.beginTurn());
    }
    if (this.left === 0) {
      this.waiting.add(again);
      return false;
    }
    this.left -= 1;
    this.last = again;
    return true;
  }

  private beginTurn(): void {
    this.isNextTurnPlanned = false;
    this.left = this.perTurn;
    // The one that took the last start asks again before others, and would take all of these too.
    if (this.last !== undefined && this.waiting.delete(this.last)) this.waiting.add(this.last);
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const again of waiting) again();
  }
}
