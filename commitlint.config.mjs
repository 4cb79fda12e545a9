const rooms = [
  'contracts',
  'lifecycle',
  'platform',
  'kafka',
  'registry',
  'objects',
  'broker',
  'testing',
  'ingress',
  'executor',
  'retry-scheduler',
  'notifier',
  'status-logger',
  'standalone',
  'demo',
];

export default {
  extends: ['@commitlint/config-conventional'],
  rules: {
    'scope-enum': [2, 'always', [...rooms, 'docker', 'test', 'docs', 'deps', 'ci', 'house']],
    'body-max-line-length': [2, 'always', 130],
  },
};
