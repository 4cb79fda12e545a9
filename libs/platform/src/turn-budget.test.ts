import { describe, expect, it } from 'vitest';
import { TurnBudget } from './turn-budget.ts';

function setUp(perTurn: number) {
  const turns: (() => void)[] = [];
  const budget = new TurnBudget(perTurn, (callback) => turns.push(callback));
  const begun: string[] = [];
  const begin = (name: string): void => {
    if (budget.take(() => begin(name))) begun.push(name);
  };
  return { turns, begun, begin };
}

describe('TurnBudget', () => {
  it('begins a bounded number in one turn, and the rest in the next ones', () => {
    const { turns, begun, begin } = setUp(2);
    for (const name of ['a', 'b', 'c', 'd', 'e']) begin(name);
    expect(begun).toEqual(['a', 'b']);
    turns.shift()?.();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    turns.shift()?.();
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('asks for a turn only while something begins', () => {
    const { turns, begin } = setUp(2);
    expect(turns.length).toBe(0);
    begin('a');
    begin('b');
    expect(turns.length).toBe(1);
    turns.shift()?.();
    expect(turns.length).toBe(0);
  });

  it('calls back once, however often the same work asked in one turn', () => {
    const turns: (() => void)[] = [];
    const budget = new TurnBudget(1, (callback) => turns.push(callback));
    let calls = 0;
    const again = () => void (calls += 1);
    budget.take(again);
    budget.take(again);
    budget.take(again);
    turns.shift()?.();
    expect(calls).toBe(1);
  });

  it('lets those who wait go first by turns, however much each of them has to do', () => {
    const turns: (() => void)[] = [];
    const budget = new TurnBudget(2, (callback) => turns.push(callback));
    const begun: string[] = [];
    const endless = (name: string) => {
      const goOn = (): void => {
        while (budget.take(goOn)) begun.push(name);
      };
      return goOn;
    };
    for (const name of ['a', 'b', 'c']) endless(name)();
    for (let turn = 0; turn < 5; turn += 1) turns.shift()?.();
    expect(begun.join('')).toBe('aabbccaabbcc');
  });
});
