import { expect, it } from 'vitest';
import { encodeRedrivenEnd, type EpochMs, epochMs, type IncomingRecord, type RedriveSpec, Topics } from '#contracts';
import type { PartitionEnd } from '#kafka';
import { NoticeEnds } from './notice-ends.ts';

const createdAt = epochMs(1_000_000);
const spec = { id: 'r1', createdAt, endsFrom: 2 } as RedriveSpec;

/** The topic `redriven`. Its offsets begin at 0 again when it is made again. */
function aTopic() {
  const topics = new Topics('sendoff.');
  let records: IncomingRecord[] = [];
  let now: number = createdAt - 1_000;
  const add = (letter: string, redriveId: string = spec.id): void => {
    const { key, value, headers } = encodeRedrivenEnd('redriven', { redriveId, letter, state: 'delivered', at: createdAt });
    now += 100;
    records.push({
      topic: 'redriven',
      partition: 0,
      offset: BigInt(records.length),
      timestamp: now as EpochMs,
      key: key ?? null,
      value,
      headers,
      bytes: 100,
    });
  };
  for (const letter of ['0/1', '0/2']) add(letter, 'before');
  now = createdAt;
  const kafka = {
    topics,
    admin: { ends: async (): Promise<PartitionEnd[]> => [{ partition: 0, start: 0n, end: BigInt(records.length) }] },
    recordsFrom: async (_partition: object, offset: bigint, recordsMax: number) =>
      records.slice(Number(offset), Number(offset) + recordsMax),
  };
  const ends = () => new NoticeEnds(kafka as never);
  return { add, makeAgain: () => void (records = []), ends };
}

it.each([1, 2, 3, 4])('%i ends in a topic that was made again count, with those before', async (count) => {
  const { add, makeAgain, ends } = aTopic();
  const running = ends();
  add('0/10');
  expect(await running.of(spec)).toEqual({ succeeded: 1, failed: 0 });
  makeAgain();
  for (let letter = 0; letter < count; letter++) add(`1/${letter}`);
  expect(await running.of(spec)).toEqual({ succeeded: 1 + count, failed: 0 });
  add('2/1');
  expect(await running.of(spec)).toEqual({ succeeded: 2 + count, failed: 0 });
});

it.each([1, 2, 3])('a process that takes a redrive over counts %i ends of a topic that was made again', async (count) => {
  const { add, makeAgain, ends } = aTopic();
  makeAgain();
  for (let letter = 0; letter < count; letter++) add(`1/${letter}`);
  expect(await ends().of(spec)).toEqual({ succeeded: count, failed: 0 });
});

it('ends before the redrive are not read, and no record is read twice', async () => {
  const { add, ends } = aTopic();
  const running = ends();
  expect(await running.of(spec)).toEqual({ succeeded: 0, failed: 0 });
  add('0/10');
  expect(await running.has(spec, '0/10')).toBe(true);
  expect(await running.has(spec, '0/1')).toBe(false);
});
