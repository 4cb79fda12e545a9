import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type KafkaAccount, kafkaAccounts, kafkaRightsOf, type Topics } from '#contracts';
import { type KafkaAccess, setUpAccounts, topicSpecs } from '#kafka';
import { storeSecrets } from './private-json.ts';

/** The password of each account. */
export type Passwords = Readonly<Record<KafkaAccount, string>>;

/** The passwords of all accounts, made at the first start and kept between starts. */
export async function passwordsIn(dataDir: string): Promise<Passwords> {
  const made = Object.fromEntries(kafkaAccounts.map((account) => [account, randomBytes(32).toString('base64url')])) as Passwords;
  return (await storeSecrets(join(dataDir, 'kafka-accounts.json'), () => made)).secrets;
}

/** All accounts of an installation with their rights. */
export function accountsFor(topics: Topics, passwords: Passwords, streamTopics: readonly string[]) {
  return kafkaAccounts.map((account) => ({
    name: topics.accountOf(account),
    password: passwords[account],
    rights: kafkaRightsOf(account, topics, streamTopics),
  }));
}

/** How to reach the brokers as admin, the accounts, and how topics are created. */
interface InstallationSetup {
  readonly brokers: readonly string[];
  readonly access: KafkaAccess;
  readonly accounts: ReturnType<typeof accountsFor>;
  readonly topics: Topics;
  readonly partitions: number;
  readonly replication: number;
}

/**
 * Creates accounts and topics, and sets passwords and rights.
 * @throws PlatformError `BROKER_UNAVAILABLE`, `BROKER_LOGIN_FAILED`, `BROKER_TLS_FAILED`,
 *   `BROKER_ACCESS_DENIED`.
 */
export async function setUpInstallation({ topics, partitions, ...setup }: InstallationSetup): Promise<void> {
  await setUpAccounts({ ...setup, topics: topicSpecs(topics, partitions) });
}
