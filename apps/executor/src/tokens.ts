/** Injection token of the attempts. */
export const ATTEMPTS = Symbol('attempts');
