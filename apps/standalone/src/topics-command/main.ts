/**
 * `npm run topics`: creates the topics of an installation that are missing, and checks the settings
 * of those that exist. For brokers whose accounts somebody else makes. It may run again.
 */
import 'reflect-metadata';
import { indentedLines, PlatformError, Topics } from '#contracts';
import { kafkaAccessOf } from '#kafka';
import { configInvalidExitCode, loadConfig } from '#platform';
import { setUpInstallation } from '../kafka-accounts.ts';
import { SetupConfig } from '../setup.config.ts';

try {
  const config = loadConfig(SetupConfig);
  const topics = new Topics(config.topicPrefix);
  await setUpInstallation({ ...config, brokers: config.kafkaBrokers, access: kafkaAccessOf(config), topics, accounts: [] });
  process.stdout.write('the topics are set up\n');
} catch (error) {
  process.stderr.write(`topics: ${error instanceof PlatformError ? error.message : indentedLines(String(error))}\n`);
  process.exitCode = error instanceof PlatformError && error.code === 'CONFIG_INVALID' ? configInvalidExitCode : 1;
}
