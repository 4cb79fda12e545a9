/**
 * Goal: targets stay switched off and redrives go on although somebody deleted their topics.
 * Method: the in-memory broker, which tells of losses that the test makes up. An ingress that
 * starts later reads only the records after the loss.
 */
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  encodeRedriveChange,
  encodeTargetChange,
  epochMs,
  type OutgoingRecord,
  type RedriveSpec,
  type TargetChange,
  type TopicName,
} from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import { firstRun } from '#lifecycle';
import type { Clock } from '#platform';
import { builtAt, ManualClock } from '#testing';
import { KeptTargets } from './records/kept-targets.ts';
import { RedriveLog } from './redrives/redrive-log.ts';

/** A broker that tells its followers of losses that a test makes up. */
class LossyKafka extends MemoryKafka {
  lose: () => void = () => expect.fail('nobody hears of a loss');

  override follower(options: Parameters<MemoryKafka['follower']>[0]): ReturnType<MemoryKafka['follower']> {
    this.lose = options.onLoss ?? this.lose;
    return super.follower(options);
  }
}

const logger = pino({ level: 'silent' });

async function keptTargets(gateway: MemoryKafka, clock: Clock = new ManualClock(builtAt)) {
  const targets = new KeptTargets({ gateway, clock, logger, onChange: () => undefined });
  onTestFinished(async () => targets.close());
  await targets.start();
  return targets;
}

async function redriveLog(gateway: MemoryKafka, clock: Clock = new ManualClock(builtAt)) {
  const log = new RedriveLog(gateway, clock, logger);
  onTestFinished(async () => log.onApplicationShutdown());
  await log.onModuleInit();
  return log;
}

/**
 * Writes records, lets somebody read them, and loses them.
 * @param later written by others after the loss.
 * @returns a broker with what was written after the loss, and the keys of it.
 */
async function afterLoss(
  name: TopicName,
  read: (gateway: MemoryKafka, clock: Clock) => Promise<unknown>,
  records: (topic: string) => readonly OutgoingRecord[],
  later: (topic: string) => readonly OutgoingRecord[] = () => [],
) {
  const gateway = new LossyKafka();
  const clock = new ManualClock(builtAt);
  const topic = gateway.topics.name(name);
  await gateway.publisher.publish(records(topic));
  await read(gateway, clock);
  const before = gateway.records(topic).length;
  gateway.lose();
  await gateway.publisher.publish(later(topic));
  for (let second = 0; second < 3; second += 1) {
    await clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const written = gateway.records(topic).slice(before);
  const next = new MemoryKafka();
  await next.publisher.publish(written.map(({ key, value, headers }) => ({ topic, key: key ?? '', value, headers })));
  return { next, keys: written.map(({ key }) => key) };
}

describe('targets', () => {
  const target = { project: 'p1', deliveryId: 'DIS:orders' };
  const switchOff = { at: builtAt, failingSince: builtAt, reason: 'it failed' };
  const health = { failures: 3, failingSince: builtAt, error: { reason: 'no answer', at: builtAt } };
  const known: readonly TargetChange[] = [
    { kind: 'switch-off', target, switchOff },
    { kind: 'health', target, health },
  ];
  const encoded = (changes: readonly TargetChange[]) => (topic: string) => changes.map((one) => encodeTargetChange(topic, one));

  it('a target stays switched off for those who start after its topic was lost', async () => {
    const { next, keys } = await afterLoss('targets', keptTargets, encoded(known));
    expect(keys, 'written once').toEqual(['switch-off/p1/DIS:orders', 'health/p1/DIS:orders']);
    expect((await keptTargets(next)).states.stateOf(target)).toEqual({ switchOff, health });
  });

  it('an older state is not written over what others wrote since', async () => {
    const { next, keys } = await afterLoss('targets', keptTargets, encoded(known), encoded([{ kind: 'switch-off', target }]));
    expect(keys).toEqual(['switch-off/p1/DIS:orders', 'health/p1/DIS:orders']);
    expect((await keptTargets(next)).states.stateOf(target)).toEqual({ health });
  });
});

describe('redrives', () => {
  const specOf = (id: string): RedriveSpec => ({
    ...{
      id,
      project: 'p1',
      createdAt: builtAt,
      createdBy: 'token',
      ratePerSecond: 1,
      canary: 0,
      stopAtShare: 1,
      selectedMax: 10,
    },
    selection: { kind: 'failed', statuses: ['FAIL'], beginAt: epochMs(0), endAt: builtAt },
  });

  it('redrives outlive the loss of their topic, and the run of one that goes on is left to its process', async () => {
    const run = firstRun('somebody', builtAt);
    const { next, keys } = await afterLoss('redrives', redriveLog, (topic) =>
      [
        { kind: 'spec', id: 'ended', spec: specOf('ended') } as const,
        { kind: 'run', id: 'ended', run: { ...run, endedAt: builtAt } } as const,
        { kind: 'spec', id: 'goes-on', spec: specOf('goes-on') } as const,
        { kind: 'run', id: 'goes-on', run } as const,
      ].map((change) => encodeRedriveChange(topic, change)),
    );
    expect(new Set(keys)).toEqual(new Set(['run/ended', 'spec/ended', 'spec/goes-on']));
    expect(keys.length).toBe(3);
    const known = (await redriveLog(next)).all();
    const endOf = new Map(known.map(({ spec, run: { endedAt } = {} }) => [spec.id, endedAt]));
    expect([endOf.get('ended'), endOf.has('goes-on'), endOf.get('goes-on')]).toEqual([builtAt, true, undefined]);
  });
});
