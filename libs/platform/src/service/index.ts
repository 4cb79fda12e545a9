export type { ReadinessChecks } from './health.controller.ts';
export { buildService, type Composition, runService, type ServiceBase } from './run-service.ts';
