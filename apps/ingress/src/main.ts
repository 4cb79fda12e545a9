import 'reflect-metadata';
import { openKafka } from '#kafka';
import { openCodeStore } from '#objects';
import { runService } from '#platform';
import { HttpFunctionCalls } from './invocations/adapters/http-function-calls.ts';
import { HttpStatusRecords } from './records/adapters/http-status-records.ts';
import { composeIngress } from './ingress.ts';
import { IngressConfig } from './ingress.config.ts';

await runService({
  name: 'ingress',
  config: IngressConfig,
  async compose(base) {
    const { config, logger, metrics, fatal } = base;
    const gateway = await openKafka({
      ...config,
      name: 'ingress',
      logger,
      metrics,
      fatal,
      publishTimeoutMs: config.acceptTimeoutMs,
    });
    const records = new HttpStatusRecords(config.statusLoggerUrl, config.internalToken);
    const calls = new HttpFunctionCalls(config.executorUrls, config.internalToken);
    return composeIngress(base, { gateway, records, codeStore: openCodeStore(config), calls });
  },
});
