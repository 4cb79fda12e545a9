import { BrokerAddresses, KafkaAccessSettings, KafkaTopicSettings, Setting, withSettings } from '#platform';

/** Settings of the commands that set up brokers: how to reach them as admin, and the topics. */
export class SetupConfig extends withSettings(KafkaTopicSettings, KafkaAccessSettings) {
  @Setting({ env: 'KAFKA_BROKERS', description: 'Bootstrap brokers, `host:port` or `[IPv6 address]:port`, separated by commas.' })
  @BrokerAddresses()
  kafkaBrokers: string[] = ['127.0.0.1:9092'];
}
