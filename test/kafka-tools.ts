/** Producers of Kafka itself, for tests: the console producer, with any codec. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { jarsOf } from './foreign-tools.ts';

/** The codecs of Kafka's producers. */
export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** Runs Kafka's console producer. */
export interface ConsoleProducer {
  /** Writes each line as one record. */
  produce(topic: string, codec: (typeof codecs)[number], lines: readonly string[]): Promise<void>;
}

const timeoutMs = 60_000;

/** @returns the producer, or why this machine cannot run it. */
export async function consoleProducer(brokers: string): Promise<ConsoleProducer | { readonly missing: string }> {
  const jars = await jarsOf(resolve(import.meta.dirname, 'kafka-tools', 'pom.xml'));
  if ('missing' in jars) return jars;
  return {
    async produce(topic, codec, lines) {
      const args = ['-Xmx128m', '-cp', jars.classPath, 'org.apache.kafka.tools.ConsoleProducer'];
      const options = ['--bootstrap-server', brokers, '--topic', topic, '--compression-codec', codec];
      const running = promisify(execFile)('java', [...args, ...options], { timeout: timeoutMs });
      running.child.stdin?.end(lines.map((line) => `${line}\n`).join(''));
      await running;
    },
  };
}
