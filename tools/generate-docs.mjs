/**
 * Writes the tables of docs/, and that of each service's settings, from the code they describe.
 * `--check` only compares them.
 *
 * It builds first and reads compiled code: plain Node cannot run the decorators of config classes.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { aclPage } from './acl-page.mjs';

execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
await import('reflect-metadata');

const dist = new URL('../dist/', import.meta.url);
const load = async (file) => import(new URL(file, dist));
const {
  topicDeclarations,
  services,
  errorCatalogue,
  conditions,
  defaultTopicPrefix,
  kafkaAccounts,
  kafkaRightsOf,
  recordFormats,
  Topics,
} = await import('#contracts');
const { apiCodes } = await load('apps/ingress/src/http/api-codes.js');
const { tags, rightWords } = await load('apps/ingress/src/document/operation.js');
const { reaches } = await load('apps/ingress/src/document/route-spec.js');
const { IngressModule } = await load('apps/ingress/src/ingress.module.js');
const { invocationRoutes } = await load('apps/ingress/src/invocations/invocation-route.js');
const { payloadRoutes } = await load('apps/ingress/src/invocations/payload-routes.js');
const { syncRoutes } = await load('apps/ingress/src/invocations/sync-route.js');
const { RequestMethod } = await import('@nestjs/common');
const { documentConfig, loadConfig, settingGroupsOf } = await import('#platform');
const standalone = 'npm start';
const configs = [
  [standalone, (await load('apps/standalone/src/standalone.config.js')).StandaloneConfig],
  ['ingress', (await load('apps/ingress/src/ingress.config.js')).IngressConfig],
  ['executor', (await load('apps/executor/src/executor.config.js')).ExecutorConfig],
  ['retry-scheduler', (await load('apps/retry-scheduler/src/retry-scheduler.config.js')).RetrySchedulerConfig],
  ['notifier', (await load('apps/notifier/src/notifier.config.js')).NotifierConfig],
  ['status-logger', (await load('apps/status-logger/src/status-logger.config.js')).StatusLoggerConfig],
];

const { settingsOf } = await load('libs/kafka/src/topic-settings.js');
const { topicSpecs } = await load('libs/kafka/src/topic-specs.js');
const specs = new Map(topicSpecs(new Topics(''), 1).map((spec) => [spec.topic, spec]));
/** The settings of a declared topic on a broker without replicas. */
const settingsOfTopic = ({ name }) => settingsOf(specs.get(name), 1);

const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const code = (text) => `\`${text}\``;

function retention({ isCompacted, retentionMs }) {
  if (isCompacted) return 'compacted, kept for ever';
  return `${retentionMs / 86_400_000} days`;
}

function users(named) {
  if (named.length === services.length) return 'every service';
  return named.length === 0 ? 'no service' : named.join(', ');
}

function fallback(setting) {
  if (setting.isSecret) return 'none';
  if (setting.fallback === undefined) return 'unset';
  return Array.isArray(setting.fallback)
    ? setting.fallback.length === 0
      ? 'none'
      : code(setting.fallback.join(','))
    : code(setting.fallback);
}

/** The own settings of a config class or group, without those of its groups. */
function ownSettings(config) {
  const ofGroups = new Set(settingGroupsOf(config).flatMap((group) => documentConfig(group).map(({ env }) => env)));
  return documentConfig(config).filter(({ env }) => !ofGroups.has(env));
}

/** The programs that have a group of settings, as a heading. */
function usersOf(group) {
  const names = configs.filter(([, config]) => settingGroupsOf(config).includes(group)).map(([name]) => name);
  const services = names.filter((name) => name !== standalone);
  const all = services.length === configs.length - 1 ? ['every service'] : services;
  return [...(names.includes(standalone) ? [standalone] : []), ...all].join(', ');
}

/** One table for all groups that the same programs have, then one for the rest of each program. */
const groups = new Set(configs.flatMap(([, config]) => settingGroupsOf(config)));
const tables = Map.groupBy(
  [configs[0], ...[...groups].map((group) => [usersOf(group), group]), ...configs.slice(1)],
  ([name]) => name,
);
const configTables = [...tables].map(([name, parts]) => {
  const rows = parts
    .flatMap(([, part]) => ownSettings(part))
    .map((setting) => [code(setting.env), fallback(setting), setting.description]);
  return `### ${name}\n\n${table(['variable', 'default', 'meaning'], rows)}`;
});

/** The variables that each service reads, as lines of an object in TypeScript. */
const serviceSettings = configs
  .filter(([name]) => name !== standalone)
  .map(([name, config]) => {
    const names = documentConfig(config).map(({ env }) => `    '${env}',`);
    return [`  ${/^\w+$/.test(name) ? name : `'${name}'`}: [`, ...names, '  ],'].join('\n');
  })
  .join('\n');

/** The decisions in order. Every file in the folder must have a title, a date and a status. */
const decisions = readdirSync('docs/adr')
  .filter((file) => /^\d{4}-/.test(file))
  .sort((one, other) => one.localeCompare(other))
  .map((file) => {
    const head = /^# (\d+)\. (.+)\n\n- Date: (\d{4}-\d\d-\d\d)\n- Status: (.+)\n/.exec(readFileSync(`docs/adr/${file}`, 'utf8'));
    if (head === null) throw new Error(`docs/adr/${file} must start with a numbered title, "- Date:" and "- Status:"`);
    const [, number, title, date, status] = head;
    return [number, `[${title}](${file})`, date, status];
  });

const metadata = (key, target) => Reflect.getMetadata(key, target);

/**
 * The controllers of a Nest module and of all that it imports, one of them as often as modules
 * import it. Settings do not change them.
 */
function controllersOf(module) {
  const { controllers = [], imports = [] } =
    typeof module === 'function'
      ? { controllers: metadata('controllers', module), imports: metadata('imports', module) }
      : module;
  return [...controllers, ...imports.flatMap(controllersOf)];
}

/** The routes of a controller with their declarations. */
function routesOf(controller) {
  const handlers = Object.getOwnPropertyNames(controller.prototype)
    .map((name) => controller.prototype[name])
    .filter((handler) => metadata('method', handler) !== undefined);
  return handlers.flatMap((handler) => {
    const { operation } = metadata('__fastify_route_config__', handler);
    const method = RequestMethod[metadata('method', handler)];
    return [metadata('path', handler)].flat().map((path) => {
      const parts = [metadata('path', controller), path].flatMap((part) => part.split('/')).filter((part) => part !== '');
      return { method, path: `/${parts.join('/')}`, operation };
    });
  });
}

/** Settings without which the ingress does not start. The table does not depend on them. */
const ingressSettings = {
  SENDOFF_PROJECT_ID: 'p1',
  SENDOFF_TOKEN: 'a-token',
  SENDOFF_PLATFORM_KEY: 'a-platform-key-of-32-characters-at-least',
  STATUS_LOGGER_URL: 'http://127.0.0.1:1',
};
const { IngressConfig } = await load('apps/ingress/src/ingress.config.js');
const ingressConfig = loadConfig(IngressConfig, ingressSettings);
/** Stands in for adapters and keys: the modules of the ingress store them, and use none yet. */
const unused = new Proxy({}, { get: (_target, name) => (typeof name === 'symbol' ? undefined : unused) });
const adapters = new Proxy({ config: ingressConfig }, { get: (target, name) => target[name] ?? unused });
const ingress = IngressModule.register(ingressConfig, adapters, unused);

/** Every operation that needs a right, in the order of the API document. */
const guarded = [...[...new Set(controllersOf(ingress))].flatMap(routesOf), ...invocationRoutes, ...syncRoutes, ...payloadRoutes]
  .filter(({ operation }) => !operation.isOpen)
  .toSorted((one, other) => Object.keys(tags).indexOf(one.operation.tag) - Object.keys(tags).indexOf(other.operation.tag));

const pages = {
  'docs/adr/README.md': table(['no.', 'decision', 'date', 'status'], decisions),
  'docs/topics.md': table(
    ['topic', 'value', 'format', 'written by', 'read by', 'other programs may', 'partitions', 'kept'],
    topicDeclarations.map((topic) => [
      code(defaultTopicPrefix + topic.name),
      topic.value,
      topic.format === undefined ? '' : `${topic.format} ${recordFormats[topic.format].writes}`,
      users(topic.writtenBy),
      users(topic.readBy),
      topic.publicAccess ?? 'no',
      topic.partitions,
      retention(topic),
    ]),
  ),
  'docs/kafka-acls.md': aclPage({
    table,
    accounts: kafkaAccounts,
    rightsOf: (account, prefix) => kafkaRightsOf(account, new Topics(prefix)),
    declarations: topicDeclarations.map((topic) => ({ ...topic, settings: settingsOfTopic(topic) })),
    defaultPrefix: defaultTopicPrefix,
  }),
  'docs/errors.md': [
    table(
      ['code', 'retryable', 'meaning'],
      Object.entries(errorCatalogue).map(([name, { retryable, meaning }]) => [code(name), retryable ? 'yes' : 'no', meaning]),
    ),
    '## Error codes of the API',
    table(
      ['error_code', 'HTTP', 'meaning'],
      Object.entries(apiCodes).map(([name, { status, meaning }]) => [code(name), status, meaning]),
    ),
    '## Conditions: how an invocation can end',
    table(
      ['condition', 'status', 'error_code', 'status_code', 'meaning'],
      Object.entries(conditions).map(([name, { status, errorCode, statusCode, meaning }]) => [
        code(name === '' ? '""' : name),
        status,
        errorCode,
        statusCode,
        meaning,
      ]),
    ),
  ].join('\n\n'),
  'docs/rights.md': table(
    ['operation', 'request', 'right', 'a limited key may use it'],
    guarded.map(({ method, path, operation }) => [
      code(operation.id),
      code(`${method.toUpperCase()} ${path}`),
      rightWords(operation),
      reaches[operation.reach],
    ]),
  ),
  'docs/config.md': configTables.join('\n\n'),
  'apps/standalone/src/service-settings.ts': serviceSettings,
};

const isCheck = process.argv.includes('--check');
let isStale = false;
for (const [file, generated] of Object.entries(pages)) {
  const before = readFileSync(file, 'utf8');
  const [head, begin, end, tail] = before.split(/(<!-- generated -->)[\s\S]*(\n[ /]*<!-- \/generated -->)/);
  if (tail === undefined) throw new Error(`${file} has no <!-- generated --> ... <!-- /generated --> part`);
  const after = `${head}${begin}\n${generated}${end}${tail}`;
  if (after === before) continue;
  isStale = true;
  if (isCheck) console.error(`${file} is not what the code says: run npm run docs`);
  else writeFileSync(file, after);
}
process.exit(isCheck && isStale ? 1 : 0);
