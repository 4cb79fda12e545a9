import { IsString, MinLength } from 'class-validator';
import { type KafkaAccount, kafkaAccounts } from '#contracts';
import { Setting, withSettings } from '#platform';
import { SetupConfig } from '../setup.config.ts';
import { StreamTopicSettings } from '../stream-topic-settings.ts';

/** Declares the password of one account. */
function Password(account: KafkaAccount): PropertyDecorator {
  const env = `KAFKA_${account.toUpperCase().replaceAll('-', '_')}_PASSWORD`;
  const rules = [Setting({ env, description: `Password of the account ${account}.`, isSecret: true }), IsString(), MinLength(16)];
  return (prototype, property) => {
    for (const rule of rules) rule(prototype, property);
  };
}

/** The settings of `npm run accounts`: how to reach the brokers as admin, and the new passwords. */
export class AccountsConfig extends withSettings(SetupConfig, StreamTopicSettings) {
  @Password('ingress')
  ingress!: string;

  @Password('executor')
  executor!: string;

  @Password('retry-scheduler')
  'retry-scheduler'!: string;

  @Password('notifier')
  notifier!: string;

  @Password('status-logger')
  'status-logger'!: string;

  @Password('outside')
  outside!: string;
}

/** The passwords of all accounts. */
export function passwordsOf(config: AccountsConfig): Readonly<Record<KafkaAccount, string>> {
  return Object.fromEntries(kafkaAccounts.map((account) => [account, config[account]])) as Record<KafkaAccount, string>;
}
