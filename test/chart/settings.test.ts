/**
 * Goal: a setting that a service would refuse at its start stops helm. Any other one reaches it.
 */
import { expect, it } from 'vitest';
import { helmProgram, refusalOf, rendered } from './helm.ts';

const helm = helmProgram();
if ('missing' in helm) it.skip(`no chart is rendered: ${helm.missing}`);
const cases = it.skipIf('missing' in helm);

/** The variables of the container of a service, by name. */
function environmentOf(service: string, settings: object): Readonly<Record<string, string>> {
  const deployments = rendered({ [`services.${service}.settings`]: settings }).filter(({ kind }) => kind === 'Deployment');
  const found = deployments.find(({ metadata }) => metadata.name === `rel-sendoff-${service}`);
  const env = found?.spec.template.spec.containers[0].env as readonly { name: string; value: string }[];
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

cases.each<[name: string, value: unknown, says: string]>([
  ['EXECUTOR_ATTEMPTS_MAX', 10_001, '=10001 is above 10000, the most that the service takes: lower it'],
  ['EXECUTOR_ATTEMPTS_MAX', 0, '=0 is below 1, the least that the service takes: raise it'],
  ['EXECUTOR_ATTEMPTS_MAX', '10001', '=10001 is above 10000'],
  ['EXECUTOR_ATTEMPTS_MAX', 1.5, '=1.5 is no whole number'],
  ['EXECUTOR_ATTEMPTS_MAX', 'many', '=many is no whole number'],
  ['FUNCTION_TMP_BYTES', 68_719_476_737, '=68719476737 is above 68719476736'],
  ['LOG_PRETTY', 'perhaps', '=perhaps is neither true nor false'],
])('services.executor.settings.%s refuses %j', (name, value, says) => {
  expect(refusalOf({ 'services.executor.settings': { [name]: value } })).toContain(`services.executor.settings.${name}${says}`);
});

cases('a word that is no choice of the service is refused', () => {
  const refusal = refusalOf({ 'services.notifier.settings': { NOTIFICATION_TIMESTAMP: 'yesterday' } });
  expect(refusal).toContain('services.notifier.settings.NOTIFICATION_TIMESTAMP=yesterday is none of ');
});

cases('all faults of settings are told together', () => {
  const refusal = refusalOf({
    'services.executor.settings': { EXECUTOR_ATTEMPTS_MAX: 0, EXECUTOR_DEATHS_MAX: 1 },
    'services.status-logger.settings': { STATUS_LOG_DAYS: 0 },
  });
  for (const name of ['EXECUTOR_ATTEMPTS_MAX', 'EXECUTOR_DEATHS_MAX', 'STATUS_LOG_DAYS'])
    expect(refusal).toContain(`settings.${name}=`);
});

cases('values at the bounds, texts and empty values reach the service as they are', () => {
  const settings = {
    EXECUTOR_ATTEMPTS_MAX: 10_000,
    FUNCTION_TMP_BYTES: 68_719_476_736,
    EXECUTOR_INSTANCES_MAX: '1e2',
    LOG_PRETTY: true,
    EXECUTOR_DEATHS_MAX: '',
    EXECUTOR_ADVERTISED_URL: 'http://e.example:8700',
  };
  expect(environmentOf('executor', settings)).toMatchObject({
    EXECUTOR_ATTEMPTS_MAX: '10000',
    FUNCTION_TMP_BYTES: '68719476736',
    EXECUTOR_INSTANCES_MAX: '1e2',
    LOG_PRETTY: 'true',
    EXECUTOR_DEATHS_MAX: '',
    EXECUTOR_ADVERTISED_URL: 'http://e.example:8700',
  });
});
