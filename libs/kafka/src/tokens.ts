/** Injection token of the {@link KafkaGateway}. */
export const KAFKA = Symbol('kafka gateway');
