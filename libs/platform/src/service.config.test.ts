import { describe, expect, it } from 'vitest';
import { pubSubNameLengthMax, Topics } from '#contracts';
import { loadConfig } from './load-config.ts';
import { DataFolderSettings, HostSettings } from './setting-groups.ts';
import { ServiceConfig } from './service.config.ts';

const configOf = (prefix: string) => loadConfig(ServiceConfig, { KAFKA_TOPIC_PREFIX: prefix });

describe('the prefix of topics', () => {
  it('leaves room for the longest name of a pub/sub topic', () => {
    const { topicPrefix } = configOf('x'.repeat(43));
    expect(new Topics(topicPrefix).ofPubSubTopic('y'.repeat(pubSubNameLengthMax)).length).toBe(249);
    expect(() => configOf('x'.repeat(44))).toThrow(/KAFKA_TOPIC_PREFIX/);
  });

  it('has no character that names of topics may not have', () => {
    expect(() => configOf('a b.')).toThrow(/KAFKA_TOPIC_PREFIX/);
  });
});

describe('the brokers', () => {
  const brokersOf = (text: string) => loadConfig(ServiceConfig, { KAFKA_BROKERS: text }).kafkaBrokers;

  it('are names or addresses with ports', () => {
    expect(brokersOf('kafka:9092, 127.0.0.1:1,[::1]:9092')).toEqual(['kafka:9092', '127.0.0.1:1', '[::1]:9092']);
    expect(brokersOf('a_b-c.d:65535,bücher.example:9092')).toEqual(['a_b-c.d:65535', 'bücher.example:9092']);
  });

  it.each([
    '::1:9092',
    '[::1]',
    'kafka',
    '[kafka]:9092',
    'a[::1]:9092',
    'http://kafka:9092',
    'kafka:0',
    'kafka:65536',
    '[:::]:9092',
    'a@kafka:9092',
    'a/b:9092',
  ])('are not %s', (text) => {
    expect(() => brokersOf(text)).toThrow(/KAFKA_BROKERS/);
  });
});

it('an address with a zone is refused with the reason', () => {
  const hostOf = (address: string) => loadConfig(HostSettings, { SENDOFF_HOST: address }).host;
  expect([hostOf('::1'), hostOf('fd00::2'), hostOf('localhost')]).toEqual(['::1', 'fd00::2', 'localhost']);
  expect(() => hostOf('fe80::1%eth0')).toThrow(/SENDOFF_HOST.*without a zone/);
  expect(() => loadConfig(ServiceConfig, { KAFKA_BROKERS: '[fe80::1%eth0]:9092' })).toThrow(/KAFKA_BROKERS.*without a zone/);
});

it('a data folder with a backslash is refused with the reason', () => {
  const dataDirOf = (name: string) => loadConfig(DataFolderSettings, { SENDOFF_DATA_DIR: name }).dataDir;
  expect(dataDirOf('/a,b ü"#=')).toBe('/a,b ü"#=');
  expect(() => dataDirOf('a\\b')).toThrow(/SENDOFF_DATA_DIR.*no backslash/);
});
