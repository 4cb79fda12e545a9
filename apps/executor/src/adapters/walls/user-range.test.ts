import { describe, expect, it } from 'vitest';
import { UserRange } from './user-range.ts';

describe('a range of users', () => {
  it('hands out each id once, from its start around to its end', () => {
    const users = new UserRange(100, 4, 0.5);
    expect([users.take(), users.take(), users.take(), users.take()]).toEqual([102, 103, 100, 101]);
  });

  it('hands out an id that was given back after all others', () => {
    const users = new UserRange(100, 3);
    const first = users.take();
    users.giveBack(first);
    expect([users.take(), users.take(), users.take()]).toEqual([101, 102, 100]);
  });

  it('says which setting to raise if none is left', () => {
    const users = new UserRange(100, 1);
    users.take();
    expect(() => users.take()).toThrow('FUNCTION_USERS');
  });
});
