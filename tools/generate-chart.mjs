/**
 * Writes the generated files of the Helm chart. `values.yaml` and the table of its README come from
 * `values.schema.json`, the rights of Kafka accounts from libs/contracts. Settings and their bounds
 * come from the config classes of the services. `--check` only compares the files. It reads
 * compiled code, so build first.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Document } from 'yaml';
import { kafkaAccounts, kafkaRightsOf, Topics } from '#contracts';
import { settingRulesOf } from '#platform';
import { ExecutorConfig } from '../dist/apps/executor/src/executor.config.js';
import { IngressConfig } from '../dist/apps/ingress/src/ingress.config.js';
import { NotifierConfig } from '../dist/apps/notifier/src/notifier.config.js';
import { RetrySchedulerConfig } from '../dist/apps/retry-scheduler/src/retry-scheduler.config.js';
import { serviceSettings } from '../dist/apps/standalone/src/service-settings.js';
import { StatusLoggerConfig } from '../dist/apps/status-logger/src/status-logger.config.js';

const chart = 'deploy/helm/sendoff';
const schema = JSON.parse(readFileSync(`${chart}/values.schema.json`, 'utf8'));

/** A schema without references. The words beside a reference win over those of its target. */
function resolved({ $ref, allOf, ...own }) {
  const targets = [...($ref === undefined ? [] : [{ $ref }]), ...(allOf ?? [])];
  const found = targets.map(({ $ref: reference }) => resolved(schema.definitions[reference.replace('#/definitions/', '')]));
  return Object.assign({}, ...found, own);
}

/** True for an object whose properties are values of their own; other objects are one value. */
function isGroup({ default: fallback, properties }, isService) {
  return properties !== undefined && (fallback === undefined || isService);
}

const isService = (path) => path.length === 2 && path[0] === 'services';

/** Every value as `{ path, schema, fallback }`, in order. Groups lack a fallback. */
function valuesOf(properties, path = [], given) {
  return Object.entries(properties).flatMap(([name, raw]) => {
    const value = resolved(raw);
    const here = [...path, name];
    const fallback = given?.[name] ?? value.default;
    if (!isGroup(value, isService(here))) return fallback === undefined ? [] : [{ path: here, schema: value, fallback }];
    return [{ path: here, schema: value }, ...valuesOf(value.properties, here, fallback)];
  });
}

const values = valuesOf(schema.properties);

/** Lines of at most 100 characters. */
function wrapped(text) {
  return text.split(' ').reduce(
    (lines, word) => {
      const line = lines.at(-1);
      return line !== '' && `${line} ${word}`.length > 96 ? [...lines, word] : [...lines.slice(0, -1), `${line} ${word}`.trim()];
    },
    [''],
  );
}

/** Puts a value into nested objects. */
function put(object, [name, ...rest], value) {
  if (rest.length === 0) object[name] = value;
  else put(object[name], rest, value);
}

/** All values with their defaults, each under its description. */
function valuesYaml() {
  const defaults = {};
  for (const { path, fallback = {} } of values) put(defaults, path, structuredClone(fallback));
  const document = new Document(defaults);
  const [firstService] = Object.keys(schema.properties.services.properties);
  for (const {
    path,
    schema: { description },
  } of values) {
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const { key } = parent.items.find((pair) => pair.key.value === path.at(-1));
    // The five services have the same settings: the first one explains them.
    const isExplained = path[0] === 'services' && path.length > 2 && path[1] !== firstService;
    if (description !== undefined && !isExplained)
      key.commentBefore = wrapped(description)
        .map((line) => ` ${line}`)
        .join('\n');
    if (path.length === 1) key.spaceBefore = true;
  }
  const head = '# Generated from values.schema.json by tools/generate-chart.mjs: change it there.\n';
  return head + document.toString({ lineWidth: 0 });
}

const cell = (text) => text.replaceAll('|', '\\|');
const shown = (value) => `\`${value === '' ? '""' : typeof value === 'string' ? value : JSON.stringify(value)}\``;

/** One row for each value. The settings of the services have one row for all five. */
function valuesTable() {
  const rows = new Map();
  for (const {
    path,
    schema: { description = '', enum: choices },
    fallback,
  } of values) {
    if (fallback === undefined) continue;
    const isShared = path[0] === 'services';
    const name = isShared ? ['services', '<service>', ...path.slice(2)].join('.') : path.join('.');
    const row = rows.get(name) ?? { description, choices, fallbacks: new Map() };
    rows.set(name, row);
    const users = row.fallbacks.get(shown(fallback)) ?? [];
    row.fallbacks.set(shown(fallback), [...users, path[1]]);
  }
  const group = (name) =>
    values.find(({ path }) => path.join('.') === name.split('.').slice(0, -1).join('.'))?.schema.description ?? '';
  const lines = [...rows].map(([name, { description, choices, fallbacks }]) => {
    const byCount = [...fallbacks].sort(([, one], [, other]) => other.length - one.length);
    const [[common], ...others] = byCount;
    const fallback = [common, ...others.map(([value, users]) => `${users.join(', ')}: ${value}`)].join('; ');
    const meaning = description.length > 12 || choices ? description : `${description} ${group(name)}`.trim();
    return `| \`${name}\` | ${cell(fallback)} | ${cell(meaning)}${choices === undefined ? '' : ` One of ${choices.map(shown).join(', ')}.`} |`;
  });
  return ['| value | default | meaning |', '| --- | --- | --- |', ...lines].join('\n');
}

/** The rights of every account, with names that lack the prefix of the topics. */
function kafkaRights() {
  const topics = new Topics('');
  const rights = Object.fromEntries(kafkaAccounts.map((account) => [account, kafkaRightsOf(account, topics)]));
  return `${JSON.stringify(rights, undefined, 2)}\n`;
}

/** The settings of each service, each with the rule that its value must pass, if it has one. */
function settings() {
  const configs = {
    ingress: IngressConfig,
    executor: ExecutorConfig,
    'retry-scheduler': RetrySchedulerConfig,
    notifier: NotifierConfig,
    'status-logger': StatusLoggerConfig,
  };
  const all = Object.entries(serviceSettings).map(([service, names]) => {
    const rules = settingRulesOf(configs[service]);
    return [service, Object.fromEntries(names.map((name) => [name, rules.get(name) ?? {}]))];
  });
  return `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`;
}

function readme() {
  const before = readFileSync(`${chart}/README.md`, 'utf8');
  const [head, begin, end, tail] = before.split(/(<!-- generated -->)[\s\S]*(\n<!-- \/generated -->)/);
  if (tail === undefined) throw new Error(`${chart}/README.md has no <!-- generated --> ... <!-- /generated --> part`);
  return `${head}${begin}\n${valuesTable()}${end}${tail}`;
}

const files = {
  [`${chart}/values.yaml`]: valuesYaml(),
  [`${chart}/README.md`]: readme(),
  [`${chart}/files/kafka-rights.json`]: kafkaRights(),
  [`${chart}/files/settings.json`]: settings(),
};
const isCheck = process.argv.includes('--check');
const stale = Object.entries(files).filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text);
for (const [file, text] of stale) {
  if (isCheck) console.error(`${file} is not what the schema and the code say: run npm run docs`);
  else writeFileSync(file, text);
}
process.exit(isCheck && stale.length > 0 ? 1 : 0);
