/** A question that callers share: each gets the answer of a round that began after its call. */
export class SharedRounds<T> {
  private running: Promise<unknown> = Promise.resolve();
  private next: Promise<T> | undefined;

  constructor(private readonly question: () => Promise<T>) {}

  ask(): Promise<T> {
    this.next ??= this.running.then(() => {
      this.next = undefined;
      const round = this.question();
      this.running = round.catch(() => undefined);
      return round;
    });
    return this.next;
  }
}
