import { describe, expect, it } from 'vitest';
import { accountFiles } from './docker-broker.ts';

describe('the files of a container with accounts', () => {
  const [properties, script] = accountFiles('localhost:32768', 'a-password', { dataDir: '/unused' });

  it('leave only the port of the clients to the network', () => {
    const lines = properties?.content.split('\n') ?? [];
    expect(lines).toContain('listeners=CLIENTS://:9092,INTERNAL://127.0.0.1:9093,CONTROLLER://127.0.0.1:9094');
    expect(lines).toContain('advertised.listeners=CLIENTS://localhost:32768,INTERNAL://127.0.0.1:9093');
    expect(properties?.content).not.toContain('PLAINTEXT://');
  });

  it('make the account of the admin when the storage is formatted', () => {
    expect(script?.content).toContain(`--add-scram 'SCRAM-SHA-512=[name=broker,password=a-password]'`);
    expect(script?.content).toContain(properties?.target);
  });
});
