import { describe, expect, it } from 'vitest';
import { checkFormat, checkIntakeFormat, formatHeaders, type RecordFormat, recordFormats } from './record-format.ts';
import { topicDeclarations } from './topic-declarations.ts';
import { Topics } from './topics.ts';

const topics = new Topics('sendoff.');
const at = (topic: string, version?: string) => ({
  topic,
  partition: 3,
  offset: 17n,
  headers: version === undefined ? {} : { 'format-version': version },
});
const codeOf = (act: () => void): string => {
  try {
    act();
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
  return 'passes';
};

/** As a later release would have them. */
const later: typeof recordFormats = { ...recordFormats, work: { reads: 3, writes: 2 } };

describe('recordFormats', () => {
  it.each(Object.entries(recordFormats))('%s: what this release writes, it reads', (_format, { reads, writes }) => {
    expect(writes).toBeLessThanOrEqual(reads);
  });
});

describe('the records of', () => {
  const unchecked: readonly string[] = ['intake', 'rejects'];
  const read = topicDeclarations.filter(({ name, readBy }) => readBy.length > 0 && !unchecked.includes(name));

  it.each(read.map(({ name }) => name))('%s wait if they are newer than this release', (name) => {
    const newest = recordFormats[topicDeclarations.find((one) => one.name === name)?.format as RecordFormat].reads;
    expect(codeOf(() => topics.checkFormat(at(topics.name(name), String(newest))))).toBe('passes');
    expect(codeOf(() => topics.checkFormat(at(topics.name(name))))).toBe('passes');
    expect(codeOf(() => topics.checkFormat(at(topics.name(name), String(newest + 1))))).toBe(
      `RECORD_TOO_NEW: the record of sendoff.${name}, partition 3, offset 17 has version ${newest + 1}; ` +
        `this release reads versions up to ${newest}. Start a service of the newer release`,
    );
  });

  it.each(['', '0', '-1', '1.5', 'two', '1000001'])('a topic are malformed with the version "%s"', (version) => {
    expect(codeOf(() => topics.checkFormat(at('sendoff.invocations', version)))).toMatch(
      /^CONTRACT_VIOLATED: header format-version/,
    );
  });

  it.each(['sendoff.intake', 'sendoff.rejects', 'sendoff.stream.orders', 'of.somebody.else'])(
    '%s are not checked: they have no format of this platform',
    (topic) => expect(codeOf(() => topics.checkFormat(at(topic, '99')))).toBe('passes'),
  );
});

describe('a later release', () => {
  it('writes its version, and reads all versions up to its newest', () => {
    expect([formatHeaders('work', later), formatHeaders('activity', later)]).toEqual([{ 'format-version': '2' }, {}]);
    expect(codeOf(() => checkFormat('work', at('sendoff.invocations', '3'), later))).toBe('passes');
    expect(codeOf(() => checkFormat('work', at('sendoff.invocations', '4'), later))).toMatch(/^RECORD_TOO_NEW/);
  });
});

describe('a record of a caller', () => {
  it.each([
    [undefined, 'passes'],
    ['1', 'passes'],
    ['2', 'CONTRACT_VIOLATED: header v is 2; this release reads versions up to 1'],
    ['x', 'CONTRACT_VIOLATED: header v must be a whole number from 1 to 1000000'],
  ])('of version %s: %s', (version, outcome) => {
    expect(codeOf(() => checkIntakeFormat(version === undefined ? {} : { v: version }, 'v'))).toBe(outcome);
  });
});
