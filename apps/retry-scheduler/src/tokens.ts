/** Injection token of the waiting room. */
export const WAITING_ROOM = Symbol('waiting room');
/** Injection token of the topic prefix. */
export const TOPIC_PREFIX = Symbol('topic prefix');
