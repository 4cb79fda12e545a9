/** Injection token of the deliveries. */
export const DELIVERIES = Symbol('deliveries');
