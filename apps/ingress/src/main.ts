import 'reflect-metadata';
import { PlatformError } from '#contracts';
import { openKafka } from '#kafka';
import { openBucketReader, openCodeStore, openPayloadStore } from '#objects';
import { configInvalidExitCode, InternalTokens, openInstallationKeys } from '#platform';
import { runService, type ServiceBase } from '#platform/service';
import { signRegistry } from '#registry';
import { ExecutorWalls } from './access/adapters/executor-walls.ts';
import { fixedExecutors, GroupExecutors } from './names/executors.ts';
import { HttpFunctionCalls } from './invocations/adapters/http-function-calls.ts';
import { HttpFunctionLogs } from './functions/logs/adapters/http-function-logs.ts';
import { HttpLiveSources } from './history/adapters/http-live-sources.ts';
import { HttpExecutorQueues } from './history/adapters/http-executor-queues.ts';
import { HttpStatusRecords } from './records/adapters/http-status-records.ts';
import { composeIngress } from './ingress.ts';
import { IngressConfig } from './ingress.config.ts';
import { printKeys } from './keys-command.ts';
import { renewedDocument } from './renewed-document.ts';

/** The command `sign-registry`: signs the documents of an earlier version, or of an older key. */
async function signAllDocuments({ config, logger, metrics, fatal, clock }: ServiceBase<IngressConfig>): Promise<void> {
  const keys = await openInstallationKeys(config);
  const gateway = await openKafka({ ...config, name: 'ingress', logger, metrics, fatal, clock });
  try {
    const report = await signRegistry({ gateway, ...keys, renew: (document) => renewedDocument(document, keys) });
    const { signed, signedAgain, ignored } = report;
    process.stdout.write(`ingress: signed ${signed} documents, signed ${signedAgain} again, ignored ${ignored}\n`);
  } finally {
    await gateway.close();
  }
}

if (process.argv[2] === 'keys')
  process.exit(
    await printKeys(process.argv[3]).catch((error: unknown) => {
      process.stderr.write(`ingress: ${error instanceof PlatformError ? error.message : String(error)}\n`);
      return configInvalidExitCode;
    }),
  );

await runService({
  name: 'ingress',
  config: IngressConfig,
  commands: { 'sign-registry': signAllDocuments },
  async compose(base) {
    const { config, logger, metrics, clock, random, fatal } = base;
    const gateway = await openKafka({
      ...config,
      name: 'ingress',
      logger,
      metrics,
      fatal,
      clock,
      publishTimeoutMs: config.acceptTimeoutMs,
    });
    const keys = await openInstallationKeys(config);
    const tokens = new InternalTokens(keys.signer, clock);
    const records = new HttpStatusRecords(config.statusLoggerUrl, tokens);
    const found = new GroupExecutors({
      ask: async () => gateway.admin.members(gateway.topics.groupOf('executor')),
      topic: gateway.topics.name('invocations'),
      clock,
      random,
      warn: (message, details) => logger.warn(details, message),
    });
    const isFixed = config.executorUrls.length > 0;
    const executors = isFixed ? fixedExecutors(config.executorUrls) : found;
    if (!isFixed) await found.start();
    const calls = new HttpFunctionCalls(executors, tokens, clock);
    const logs = new HttpFunctionLogs(executors, tokens);
    const queues = new HttpExecutorQueues(executors, tokens);
    const live = new HttpLiveSources({
      ask: async () => gateway.admin.members(gateway.topics.groupOf('status-logger')),
      fallbackUrl: config.statusLoggerUrl,
      tokens,
    });
    const walls = new ExecutorWalls(executors, clock);
    walls.start();
    const stores = {
      codeStore: openCodeStore(config, clock),
      payloads: openPayloadStore(config, clock),
      buckets: openBucketReader(config),
    };
    const adapters = { gateway, records, ...stores, calls, logs, queues, live, walls };
    const composition = await composeIngress(base, adapters, keys);
    return {
      ...composition,
      async close() {
        walls.close();
        found.close();
        await composition.close?.();
      },
    };
  },
});
