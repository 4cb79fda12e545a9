import { describe, expect, it } from 'vitest';
import { Changes } from './changes.ts';

describe('Changes', () => {
  it('ends all waits at the next change, and none before it', async () => {
    const changes = new Changes();
    const ended: string[] = [];
    changes.tell();
    const waits = ['a', 'b'].map(async (name) => changes.next().then(() => ended.push(name)));
    await new Promise(setImmediate);
    expect(ended).toEqual([]);
    changes.tell();
    await Promise.all(waits);
    expect(ended).toEqual(['a', 'b']);
  });

  it('leaves a wait that begins during a change to the next one', async () => {
    const changes = new Changes();
    let ends = 0;
    const twice = changes.next().then(async () => {
      ends += 1;
      await changes.next();
      ends += 1;
    });
    changes.tell();
    await new Promise(setImmediate);
    expect(ends).toBe(1);
    changes.tell();
    await twice;
    expect(ends).toBe(2);
  });
});
