import { describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { RecentWork, type Taken } from './recent-work.ts';

function setUp() {
  let nowMs = 0;
  const recent = new RecentWork(() => epochMs(nowMs), { forMs: 1_000, entriesMax: 4 });
  let made = 0;
  const take = async (taken: Taken | Promise<Taken>, atMs = 0, key = 'r1 1') => {
    nowMs = atMs;
    return recent.once(key, async () => {
      made++;
      return taken;
    });
  };
  return { take, made: () => made };
}

describe('RecentWork', () => {
  it('does the work once for a record that is read twice', async () => {
    const { take, made } = setUp();
    await take('concluded');
    await take('concluded', 999);
    expect(made()).toBe(1);
  });

  it('does the work again after it is forgotten', async () => {
    const { take, made } = setUp();
    await take('concluded');
    await take('concluded', 1_000);
    expect(made()).toBe(2);
  });

  it('does the work once while it is under way, however long that takes', async () => {
    const { take, made } = setUp();
    const concluded = Promise.withResolvers<Taken>();
    const both = [take(concluded.promise), take('concluded', 50_000)];
    concluded.resolve('concluded');
    await Promise.all(both);
    await take('concluded', 50_999);
    expect(made()).toBe(1);
  });

  it('does work that was put back when it arrives again', async () => {
    const { take, made } = setUp();
    await take('put-back');
    await take('concluded', 10);
    await take('concluded', 20);
    expect(made()).toBe(2);
  });

  it('does work that arrives again before the putting back is acknowledged', async () => {
    const { take, made } = setUp();
    const putBack = Promise.withResolvers<Taken>();
    const first = take(putBack.promise);
    const second = take('concluded', 10);
    const third = take('concluded', 10);
    putBack.resolve('put-back');
    await Promise.all([first, second, third]);
    expect(made()).toBe(2);
  });

  it('ends the second reading together with the first', async () => {
    const { take } = setUp();
    const concluded = Promise.withResolvers<Taken>();
    const order: string[] = [];
    const both = [take(concluded.promise).then(() => order.push('first')), take('concluded').then(() => order.push('second'))];
    order.push('concluding');
    concluded.resolve('concluded');
    await Promise.all(both);
    expect(order).toEqual(['concluding', 'first', 'second']);
  });

  it('does work again that failed, for the record that waited for it', async () => {
    const { take, made } = setUp();
    const failing = Promise.reject<Taken>(new Error('the partition was lost'));
    const ends = await Promise.allSettled([take(failing), take('concluded')]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await take('concluded');
    expect(made()).toBe(2);
  });

  it('forgets only the half that concluded first when one more than its bound has concluded', async () => {
    const { take, made } = setUp();
    for (const key of ['a', 'b', 'c', 'd', 'e']) await take('concluded', 0, key);
    for (const key of ['c', 'd', 'e']) await take('concluded', 1, key);
    expect(made()).toBe(5);
    for (const key of ['a', 'b']) await take('concluded', 1, key);
    expect(made()).toBe(7);
  });

  it('knows work that was long under way, as long as other work that concluded with it', async () => {
    const { take, made } = setUp();
    const concluded = Promise.withResolvers<Taken>();
    const long = take(concluded.promise, 0, 'long');
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await take('concluded', 0, key);
    const second = take('concluded', 0, 'long');
    concluded.resolve('concluded');
    await Promise.all([long, second]);
    for (const key of ['g', 'h']) await take('concluded', 1, key);
    await take('concluded', 1, 'long');
    expect(made()).toBe(9);
  });
});
