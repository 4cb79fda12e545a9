import 'reflect-metadata';
import { openKafka } from '#kafka';
import { runService } from '#platform';
import { HttpStatusRecords } from './adapters/http-status-records.ts';
import { composeIngress } from './ingress.ts';
import { IngressConfig } from './ingress.config.ts';

await runService({
  name: 'ingress',
  config: IngressConfig,
  async compose(base) {
    const { config, logger, fatal } = base;
    const gateway = await openKafka({ ...config, name: 'ingress', logger, fatal, publishTimeoutMs: config.acceptTimeoutMs });
    return composeIngress(base, gateway, new HttpStatusRecords(config.statusLoggerUrl, config.internalToken));
  },
});
