/** Injection token of the waiting room. */
export const WAITING_ROOM = Symbol('waiting room');
