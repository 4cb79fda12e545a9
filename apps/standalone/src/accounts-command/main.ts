/**
 * `npm run accounts`: creates the accounts of an installation at brokers that have access control,
 * gives them their rights, and creates the topics. It may run again: it only adds what is missing,
 * sets the passwords, and removes rights that are too many.
 */
import 'reflect-metadata';
import { indentedLines, PlatformError, Topics } from '#contracts';
import { kafkaAccessOf } from '#kafka';
import { configInvalidExitCode, loadConfig } from '#platform';
import { accountsFor, setUpInstallation } from '../kafka-accounts.ts';
import { AccountsConfig, passwordsOf } from './accounts.config.ts';

try {
  const config = loadConfig(AccountsConfig);
  const topics = new Topics(config.topicPrefix);
  const accounts = accountsFor(topics, passwordsOf(config), config.streamTopics);
  await setUpInstallation({ ...config, brokers: config.kafkaBrokers, access: kafkaAccessOf(config), topics, accounts });
  process.stdout.write(`${accounts.map(({ name }) => name).join(', ')} are set up\n`);
} catch (error) {
  process.stderr.write(`accounts: ${error instanceof PlatformError ? error.message : indentedLines(String(error))}\n`);
  process.exitCode = error instanceof PlatformError && error.code === 'CONFIG_INVALID' ? configInvalidExitCode : 1;
}
