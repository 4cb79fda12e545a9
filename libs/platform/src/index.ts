export * from './clock.ts';
export * from './day-files.ts';
export { HealthController, type ReadinessChecks } from './health.controller.ts';
export * from './load-config.ts';
export * from './logger.ts';
export * from './run-service.ts';
export * from './secrets.ts';
export * from './service.config.ts';
export * from './tokens.ts';
