import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startBroker } from '#broker';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Bootstrap servers of a real broker, shared by all tests of the run: take fresh topics. */
    kafkaBrokers: string;
  }
}

/** Brings one broker for the run of a project, or uses the one of `KAFKA_BROKERS`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined && given !== '') {
    project.provide('kafkaBrokers', given);
    return async () => undefined;
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-broker-'));
  const broker = await startBroker({ dataDir, isShortLived: true });
  project.provide('kafkaBrokers', broker.bootstrapServers);
  return async () => {
    await broker.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
