import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueHeap } from './due-heap.ts';

const drain = (heap: DueHeap<{ wakeAt: number }>): number[] => {
  const taken: number[] = [];
  for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) taken.push(entry.wakeAt);
  return taken;
};

describe('DueHeap', () => {
  it('returns its entries in the order of their wake time', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (instants) => {
        const heap = new DueHeap<{ wakeAt: number }>();
        for (const wakeAt of instants) heap.push({ wakeAt });
        expect(heap.peek()?.wakeAt).toBe(instants.length === 0 ? undefined : Math.min(...instants));
        expect(drain(heap)).toEqual(instants.toSorted((a, b) => a - b));
      }),
    );
  });

  it('keeps its order between pushes and pops', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }))), (steps) => {
        const heap = new DueHeap<{ wakeAt: number }>();
        let model: number[] = [];
        for (const step of steps) {
          if (step === null) expect(heap.pop()?.wakeAt).toBe(model.shift());
          else {
            heap.push({ wakeAt: step });
            model = [...model, step].toSorted((a, b) => a - b);
          }
          expect(heap.size).toBe(model.length);
        }
      }),
    );
  });
});
