const libraries = ['contracts', 'lifecycle', 'platform', 'kafka', 'registry', 'objects', 'broker', 'testing'];
const apps = ['ingress', 'executor', 'retry-scheduler', 'notifier', 'status-logger', 'standalone', 'cli', 'console'];
const others = ['demo', 'docker', 'helm', 'test', 'docs', 'deps', 'ci', 'house'];

/** The subject names the object and the effect, and fits a line of `git log`. The body says why. */
export default {
  extends: ['@commitlint/config-conventional'],
  rules: {
    'scope-enum': [2, 'always', [...libraries, ...apps, ...others]],
    'header-max-length': [2, 'always', 72],
    'body-max-line-length': [2, 'always', 100],
  },
};
