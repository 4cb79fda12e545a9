/** Injection token of the {@link Clock}. */
export const CLOCK = Symbol('clock');
/** Injection token of the logger. */
export const LOGGER = Symbol('logger');
/** Injection token of the metrics registry. */
export const METRICS = Symbol('metrics');
/** Injection token of the checks behind `/readyz`. */
export const READINESS = Symbol('readiness');
/** Injection token of the facts that `/readyz` shows. */
export const FACTS = Symbol('facts');
/** Injection token of the tracing. */
export const TRACING = Symbol('tracing');
