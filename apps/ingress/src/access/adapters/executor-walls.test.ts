import { describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { ExecutorWalls } from './executor-walls.ts';

const urls = ['http://one', 'http://two'];

async function asked(answers: Record<string, unknown>, of = urls) {
  const clock = new ManualClock();
  const walls = new ExecutorWalls({ all: () => of }, clock, async (url) => {
    if (!(url in answers)) throw new Error('unreachable');
    return answers[url];
  });
  walls.start();
  await clock.advance(0);
  return { walls, clock };
}

describe('the walls of the executors', () => {
  it.each([
    ['kernel', 'kernel', 'kernel'],
    ['kernel', 'process', 'process'],
    ['none', 'process', 'none'],
    ['kernel', undefined, undefined],
    ['kernel', 'strong', undefined],
  ])('are the weakest: of %s and %s it is %s', async (one, two, level) => {
    const { walls } = await asked({ 'http://one': one, 'http://two': two });
    expect(walls.level()).toBe(level);
  });

  it('are unknown without executors', async () => {
    const { walls } = await asked({}, []);
    expect(walls.level()).toBeUndefined();
  });

  it('are known a second after an executor has started', async () => {
    const answers: Record<string, unknown> = { 'http://one': 'kernel' };
    const { walls, clock } = await asked(answers);
    expect(walls.level()).toBeUndefined();
    answers['http://two'] = 'kernel';
    await clock.advance(1_000);
    expect(walls.level()).toBe('kernel');
  });

  it('are weaker 10 s after an executor has started with weaker ones', async () => {
    const answers: Record<string, unknown> = { 'http://one': 'kernel', 'http://two': 'kernel' };
    const { walls, clock } = await asked(answers);
    answers['http://two'] = 'process';
    await clock.advance(10_000);
    expect(walls.level()).toBe('process');
  });

  it('are unknown a minute after an executor has ended', async () => {
    const answers: Record<string, unknown> = { 'http://one': 'kernel', 'http://two': 'kernel' };
    const { walls, clock } = await asked(answers);
    delete answers['http://two'];
    await clock.advance(60_000);
    expect(walls.level()).toBe('kernel');
    await clock.advance(1);
    expect(walls.level()).toBeUndefined();
  });
});
