import { describe, expect, it } from 'vitest';
import { javaMajorOf } from './java.ts';
import { serverProperties } from './server-properties.ts';

const settings = { logDir: '/data/log', port: 9092, controllerPort: 9093, flushEachRecord: false };

describe('serverProperties', () => {
  it('listens on loopback only and advertises its port', () => {
    const lines = serverProperties(settings).split('\n');
    expect(lines).toContain('listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093');
    expect(lines).toContain('advertised.listeners=PLAINTEXT://127.0.0.1:9092');
    expect(lines).toContain('controller.quorum.voters=1@127.0.0.1:9093');
  });

  it('flushes each batch only when asked', () => {
    expect(serverProperties(settings)).not.toContain('log.flush.interval.messages');
    expect(serverProperties({ ...settings, flushEachRecord: true })).toContain('log.flush.interval.messages=1');
  });
});

describe('javaMajorOf', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['openjdk version "21" 2023-09-19', 21],
    ['java version "1.8.0_392"', 8],
    ['command not found', undefined],
  ])('reads %j as %s', (text, major) => {
    expect(javaMajorOf(text)).toBe(major);
  });
});
