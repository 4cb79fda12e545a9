import type { Values } from './helm.ts';

/** Installations that differ in every choice of the chart, by what they show. */
export const variants: Readonly<Record<string, Values>> = {
  bundled: {},
  'external with everything': {
    'kafka.kind': 'external',
    'kafka.replication': 3,
    'kafka.external': {
      brokers: ['kafka-0.example:9093', 'kafka-1.example:9093'],
      caSecret: 'kafka-ca',
      setup: 'accounts',
      setupAccount: { username: 'admin', passwordSecret: 'kafka-admin' },
    },
    'database.kind': 'external',
    'database.external.urlSecret': 'database',
    'objectStore.kind': 'external',
    'objectStore.external': { endpoint: 'https://s3.example', secret: 's3' },
    'autoscaling.enabled': true,
    'autoscaling.prometheusUrl': 'http://prometheus:9090',
    'api.publicUrl': 'https://sendoff.example',
    'api.ingress': { enabled: true, host: 'sendoff.example', tlsSecret: 'certificate' },
    'api.httpRoute': { enabled: true, parentRefs: [{ name: 'gateway' }], hostnames: ['sendoff.example'] },
    'tracing.endpoint': 'https://collector.example:4318',
    'tracing.headersSecret': 'collector',
    'monitoring.alerts.enabled': true,
    'monitoring.dashboard.enabled': true,
    'networkPolicies.metricsFrom': [{ namespaceSelector: {} }],
    'networkPolicies.apiFrom': [{ namespaceSelector: {} }],
    'webhooks.networksAllowed': ['10.1.0.0/16'],
    'functions.networksDenied': ['10.2.0.0/16'],
  },
  'client certificates, and one Secret of the owner': {
    'kafka.kind': 'external',
    'kafka.external': {
      brokers: ['kafka.example:9094'],
      securityProtocol: 'ssl',
      setup: 'none',
      certificateSecrets: { ingress: 'i', executor: 'e', 'retry-scheduler': 'r', notifier: 'n', 'status-logger': 's' },
    },
    'secrets.existingSecret': 'own',
    'networkPolicies.enabled': false,
    'kafka.bundled.storage.persistent': false,
  },
  'walls of the kernel': { 'functions.securityProfile': 'user-namespaces', 'functions.isolation': 'kernel' },
};

/** An installation with the authorities, labels, accounts, volumes and variables of a company. */
export const fitted: Values = {
  ...variants['external with everything'],
  commonLabels: { team: 'platform' },
  commonAnnotations: { owner: 'o@example.com' },
  'database.external.caSecret': 'corporate-ca',
  'objectStore.external.caSecret': 'corporate-ca',
  'tracing.caSecret': 'collector-ca',
  'api.service.annotations': { internal: 'true' },
  'services.executor.extraEnv': [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
  'services.executor.extraEnvFrom': [{ secretRef: { name: 'more' } }],
  'services.executor.extraVolumes': [{ name: 'models', persistentVolumeClaim: { claimName: 'models' } }],
  'services.executor.extraVolumeMounts': [{ name: 'models', mountPath: '/models', readOnly: true }],
  'services.executor.settings': { KAFKA_KEY_PASSPHRASE: 'p' },
  'services.executor.podLabels': { tier: 'functions' },
  'services.executor.serviceAccountName': 'runs-functions',
  'otherPods.podLabels': { tier: 'other' },
  'otherPods.podAnnotations': { mesh: 'off' },
  'otherPods.serviceAccountName': 'others',
  'secrets.serviceAccountName': 'makes-secrets',
};
