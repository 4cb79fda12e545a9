export { startBroker } from './broker.ts';
export type { BrokerOptions, RunningBroker } from './broker-options.ts';
export { freePort } from './free-port.ts';
