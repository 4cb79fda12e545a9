/** Injection token of the {@link KafkaGateway}. */
export const KAFKA = Symbol('kafka gateway');
/** Injection token of the prefix of all topic names. */
export const TOPIC_PREFIX = Symbol('topic prefix');
