import { Fifo } from '#platform';

/**
 * A queue in which keys take turns: one item of each key that has some, round after round. Items of
 * one key keep their order.
 */
export class Turns<T> {
  /** Only lines with items, in the order of their turns. */
  private readonly lines = new Map<string, Fifo<T>>();
  private count = 0;

  /** Items of all keys. */
  get size(): number {
    return this.count;
  }

  /** Adds an item behind those of its key. A key without items takes its turn after all others. */
  push(key: string, item: T): void {
    let line = this.lines.get(key);
    if (line === undefined) {
      line = new Fifo();
      this.lines.set(key, line);
    }
    line.push(item);
    this.count += 1;
  }

  /** The item whose turn it is, or `undefined` if the queue is empty. */
  get next(): T | undefined {
    return this.lines.values().next().value?.head;
  }

  /** Removes the item whose turn it is. The next turn is that of another key, if one has items. */
  shift(): void {
    const turn = this.lines.entries().next().value;
    if (turn === undefined) return;
    const [key, line] = turn;
    line.shift();
    this.count -= 1;
    if (line.size > 0 && this.lines.size === 1) return;
    this.lines.delete(key);
    if (line.size > 0) this.lines.set(key, line);
  }
  /** Removes the oldest items of every key as long as they match. Returns them key by key. */
  takeHeads(matches: (item: T) => boolean): T[] {
    const taken: T[] = [];
    for (const [key, line] of this.lines) {
      for (let { head } = line; head !== undefined && matches(head); { head } = line) {
        taken.push(head);
        line.shift();
      }
      if (line.size === 0) this.lines.delete(key);
    }
    this.count -= taken.length;
    return taken;
  }
}
