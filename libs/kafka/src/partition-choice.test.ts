/**
 * Goal: records with a key land where every other Kafka client puts them. Method: any key, beside
 * the partitioner of kafkajs.
 */
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { choosePartition, type PartitionLeader, placesAmong } from './partition-choice.ts';

const partitionsOf = (leaders: readonly number[]): PartitionLeader[] =>
  leaders.map((leader, partitionId) => ({ partitionId, leader }));
const three = partitionsOf([0, 0, 0]);

describe('choosePartition', () => {
  it('puts a record with a key where kafkajs puts it', () => {
    const theirs = kafkajs.Partitioners.DefaultPartitioner();
    const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
    const keys = fc.oneof(
      bytes,
      bytes.map((key) => key.toString('latin1')),
    );
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 100 }), (key, count) => {
        const partitions = partitionsOf(Array.from({ length: count }, () => 0));
        const partitionMetadata = partitions.map((one) => ({ ...one, isr: [], replicas: [], partitionErrorCode: 0 }));
        const theirChoice = theirs({ topic: 'a', partitionMetadata, message: { key, value: null } });
        expect(choosePartition({ key }, partitions)).toBe(theirChoice);
      }),
      { numRuns: 300 },
    );
  });

  it.each<[title: string, record: Parameters<typeof choosePartition>[0], partitions: readonly PartitionLeader[], chosen: number]>(
    [
      ['a record that names its partition goes there, whatever its key', { partition: 2, key: 'a' }, three, 2],
      ['a record without a key goes to the first partition in the first batch', { batchNumber: 0 }, three, 0],
      ['a record without a key goes to the next partition in the next batch', { batchNumber: 1 }, three, 1],
      ['a record without a key starts again after the last partition', { batchNumber: 3 }, three, 0],
      ['a null key counts as no key', { key: null, batchNumber: 2 }, three, 2],
      ['a partition without a leader gets no record without a key', { batchNumber: 1 }, partitionsOf([0, -1, 0]), 2],
      ['a record without a key is placed although no partition has a leader', { batchNumber: 1 }, partitionsOf([-1, -1]), 1],
    ],
  )('%s', (_title, record, partitions, chosen) => {
    expect(choosePartition(record, partitions)).toBe(chosen);
  });

  it('puts the records of a spread on the partitions of its places, and on all of them', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 12 }), (key, places, count) => {
        const partitions = partitionsOf(Array.from({ length: count }, () => 0));
        const spread = { key, places };
        const chosen = new Set(
          Array.from({ length: 400 }, (_, index) => choosePartition({ key: `r${index}`, spread }, partitions)),
        );
        const withPlaces = partitions
          .map(({ partitionId }) => partitionId)
          .filter((one) => placesAmong([one], spread, count) > 0);
        expect([...chosen].sort((a, b) => a - b)).toEqual(withPlaces);
      }),
    );
  });

  it('puts a spread with one place where its key alone would be', () => {
    expect(choosePartition({ key: 'r', spread: { key: 'f', places: 1 } }, three)).toBe(choosePartition({ key: 'f' }, three));
  });
});
