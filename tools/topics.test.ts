/**
 * Goal: readBy and writtenBy of the topic declarations say what the services do.
 * Method: the sources of each service are searched for the calls that read or write a topic. A call
 * whose topic is not a literal must be in the table below, or the test fails.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Service, services, type TopicName, topicDeclarations } from '#contracts';
import { delayTopics } from '../apps/retry-scheduler/src/delays.controller.ts';
import { workTopics } from '../apps/status-logger/src/work-topics.controller.ts';

const root = resolve(import.meta.dirname, '..');

/** Topics that an expression other than a literal may name. */
const computed: Readonly<Record<string, readonly TopicName[]>> = {
  'delayTopicFor(': delayTopics,
  'decision.topic': delayTopics,
  topic: delayTopics,
  to: ['invocations', 'invocations.bulk', 'notifications'],
  '...delayTopics': delayTopics,
  '...workTopics': workTopics,
};

const literal = /^'([a-z0-9.]+)'$/;

/** The topics that the arguments of a call name. */
function topicsIn(argument: string): readonly TopicName[] {
  const name = literal.exec(argument)?.[1];
  if (name !== undefined) return [name as TopicName];
  const named = computed[argument];
  if (named === undefined) throw new Error(`add ${argument} to the table of tools/topics.test.ts`);
  return named;
}

/** The arguments of all calls that a pattern finds; its first group holds them. */
function argumentsOf(source: string, pattern: RegExp): readonly string[] {
  return [...source.matchAll(pattern)].flatMap((found) => (found[1] ?? '').split(',').map((part) => part.trim()));
}

const nameCall = String.raw`[\w.]*\btopics\.name\(('[^']+'|delayTopicFor\(|[\w.]+)`;
const reads = [/@OnRecord\(([^)]*)\)/g, new RegExp(String.raw`(?:follower|KeptTopic)\(\{\s*topic: ${nameCall}`, 'g')];
const writes = new RegExp(String.raw`(?<!follower\(\{\s*topic: )(?<![\w.])${nameCall}`, 'g');

/** Classes of the libraries that read or write a topic for a service. */
const readers: Readonly<Record<string, readonly TopicName[]>> = {
  'new Registry(': ['registry'],
  // A redrive reads payloads and dead letters back.
  'recordsFrom(at, BigInt(offset), 1)': ['invocations', 'invocations.bulk', ...delayTopics],
  'recordsFrom({ topic, partition }, offset, lookedAtMax)': ['undelivered'],
  "recordsFrom({ topic: this.kafka.topics.name('redriven'), partition: 0 }, offset, recordsMax)": ['redriven'],
  'recordsFrom({ topic: this.topic, partition }, at': ['audit'],
};
const writers: Readonly<Record<string, TopicName>> = {
  'new RegistryWriter(': 'registry',
  'new SendoffStrategy(': 'rejects',
  // Each service compares its clock with that of the brokers.
  'openKafka(': 'clock',
  // The executor writes a counted attempt back to the topic on which it read it.
  'encodeInvocation(topic, { ...invocation, chance })': 'invocations',
};

function useOf(service: Service) {
  const files = globSync(`apps/${service}/src/**/*.ts`, { cwd: root }).filter((file) => !/\.(test|conformance)\.ts$/.test(file));
  const read = new Set<TopicName>();
  const written = new Set<TopicName>();
  for (const file of files) {
    const source = readFileSync(join(root, file), 'utf8');
    for (const pattern of reads) for (const topic of argumentsOf(source, pattern).flatMap(topicsIn)) read.add(topic);
    for (const [call, topics] of Object.entries(readers)) if (source.includes(call)) for (const topic of topics) read.add(topic);
    for (const [call, topic] of Object.entries(writers)) if (source.includes(call)) written.add(topic);
    // These files name topics to set limits, to ask for commits, to read letters and ends, or to
    // compare an origin.
    if (
      /\/(main|finished-records|vanished-records|lost-notices|undelivered-notices|notice-ends|rejects\.controller)\.ts$/.test(
        file,
      )
    )
      continue;
    for (const topic of argumentsOf(source, writes).flatMap(topicsIn)) written.add(topic);
  }
  return { files: files.length, read: [...read].sort(), written: [...written].sort() };
}

const declared = (field: 'readBy' | 'writtenBy', service: Service) =>
  topicDeclarations
    .filter((topic) => topic[field].includes(service))
    .map(({ name }) => name)
    .sort();

describe.each(services)('the %s', (service) => {
  const use = useOf(service);

  it('has sources that the test has read', () => {
    expect(use.files).toBeGreaterThan(5);
  });

  it('reads the topics whose readBy names it, and no other', () => {
    expect(use.read).toEqual(declared('readBy', service));
  });

  it('writes the topics whose writtenBy names it, and no other', () => {
    expect(use.written).toEqual(declared('writtenBy', service));
  });
});
