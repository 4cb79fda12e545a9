const libs = ['contracts', 'lifecycle', 'platform', 'kafka', 'registry', 'objects', 'broker', 'testing'];
const apps = ['ingress', 'executor', 'retry-scheduler', 'notifier', 'status-logger', 'standalone', 'cli', 'console'];
/** Tests, and programs that run in the build only. */
const inTests = '(\\.test\\.ts$|\\.conformance\\.ts$|^apps/[^/]+/testing/|^apps/[^/]+/build/|^test/|^tools/)';

/** The libraries that each library may import. Any other import is an error. */
const allowed = {
  contracts: [],
  lifecycle: ['contracts'],
  platform: ['contracts'],
  kafka: ['contracts', 'platform'],
  registry: ['contracts', 'platform', 'kafka'],
  objects: ['contracts', 'platform'],
  broker: ['contracts', 'platform'],
  testing: ['contracts', 'lifecycle', 'platform', 'kafka', 'registry'],
};

/** The folders that each folder of the ingress may import, from the bottom of the stack up. */
const ingressRooms = {
  http: [],
  console: ['http'],
  document: ['http'],
  names: ['http'],
  access: ['http', 'document', 'names'],
  policies: ['http', 'document', 'names', 'access'],
  contents: ['http', 'document', 'access', 'policies'],
  functions: ['http', 'document', 'names', 'access', 'policies'],
  topics: ['http', 'document', 'names', 'access', 'policies'],
  records: ['http', 'document', 'names', 'access', 'policies'],
  invocations: ['http', 'document', 'names', 'access', 'records'],
  audit: ['http', 'document', 'access'],
  redrives: ['http', 'document', 'names', 'access', 'records', 'invocations'],
  steering: ['http', 'document', 'names', 'access', 'records'],
  history: ['http', 'document', 'names', 'access', 'functions', 'records', 'invocations'],
};

/**
 * Libraries with more front doors, as a pattern below `src/`. `#kafka/memory` is the in-memory
 * broker, `#platform/basics` the parts for commands, which load no framework. `#platform/service`
 * and `#kafka/strategy` load Nest, which only services need.
 */
const moreDoors = { kafka: '((memory|strategy)/)?', platform: '((basics|service)/)?' };

/**
 * The folders of libs/kafka: which other folder each may import, and why no more. Each may import
 * the files beside the folders that hold the ports and the values all of them share.
 */
const kafkaFolders = {
  strategy: { may: [], why: 'Nest controllers meet the ports, whatever client is behind them.' },
  bookkeeping: { may: [], why: 'Which offsets are finished and committed must not depend on the client.' },
  kafkajs: { may: ['bookkeeping'], why: 'The adapter must be replaceable as a whole.' },
  memory: { may: ['bookkeeping'], why: 'The in-memory broker proves nothing if it is made of the real client.' },
};
const kafkaShared = ['ports', 'log', 'partition-choice', 'gateway-metrics', 'record-bytes', 'topic-settings', 'topic-specs', 'shared-rounds'];
const kafkaSharedFiles = `(${kafkaShared.join('|')})\\.ts$`;

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    rule('no-circular', 'Rooms that need each other are one room.', {}, { circular: true }),
    rule('packages-stand-alone', 'A package is installed without the rest of the repository.', { path: '^packages/' }, { path: '^(apps|libs|test|tools)/' }),
    rule('not-to-packages', 'A package is for the projects of others; only tests try it.', { path: '^(apps|libs)/' }, { path: '^packages/' }),
    rule('unresolved', 'An import that leads nowhere is checked by nobody.', {}, { couldNotResolve: true }),
    ...apps.map((app) =>
      rule(`no-cross-app-${app}`, 'Services meet on topics, never in code.', { path: `^apps/${app}/`, pathNot: inTests }, { path: '^apps/', pathNot: `^apps/${app}/` }),
    ),
    rule('cli-loads-no-framework', 'A command takes 0.15 s of CPU to start, and 0.75 s with what services load: use #platform/basics.', { path: '^apps/cli/src/' }, { path: '^libs/(platform/src/index\\.ts|kafka/|registry/|objects/|broker/)' }),
    rule('standalone-loads-no-framework', 'It only starts services, and Nest takes 40 MB.', { path: '^apps/standalone/src/' }, { path: ['^libs/(platform/src/service|kafka/src/strategy)/', 'node_modules/@nestjs/'] }),
    rule('libs-not-to-apps', 'A library that knows an app is part of it.', { path: '^libs/' }, { path: '^apps/' }),
    ...libs.map((lib) =>
      rule(
        `${lib}-imports`,
        `libs/${lib} may import ${allowed[lib].join(', ') || 'no other library'}: rules and contracts stay pure, adapters stay replaceable.`,
        { path: `^libs/${lib}/`, pathNot: inTests },
        { path: '^libs/', pathNot: `^libs/(${[lib, ...allowed[lib]].join('|')})/` },
      ),
    ),
    ...libs.map((lib) =>
      rule(`${lib}-by-its-front-door`, 'A library is entered by its index: the rest may change without asking.', { path: '^(apps|libs|test)/', pathNot: [`^libs/${lib}/`, inTests] }, { path: `^libs/${lib}/src/`, pathNot: `^libs/${lib}/src/${moreDoors[lib] ?? ''}index\\.ts$` }),
    ),
    ...Object.entries(ingressRooms).map(([room, below]) =>
      rule(
        `ingress-${room}-imports`,
        `apps/ingress/src/${room} may import ${below.join(', ') || 'no other folder'}, and never the composition: the folders of the ingress are a stack, read from the bottom.`,
        { path: `^apps/ingress/src/${room}/`, pathNot: inTests },
        { path: '^apps/ingress/src/', pathNot: `^apps/ingress/src/(${[room, ...below].join('|')})/` },
      ),
    ),
    rule('testing-in-tests-only', 'Builders and manual clocks have no place in a service.', { path: '^(apps|libs)/', pathNot: [inTests, '^libs/testing/'] }, { path: '^libs/testing/' }),
    rule('kafka-memory-in-tests-only', 'An in-memory broker in a service loses every record at its end.', { path: '^(apps|libs)/', pathNot: [inTests, '^libs/testing/', '^libs/kafka/src/memory/'] }, { path: '^libs/kafka/src/memory/' }),
    ...Object.entries(kafkaFolders).map(([folder, { may, why }]) =>
      rule(
        `kafka-${folder}-imports`,
        why,
        { path: `^libs/kafka/src/${folder}/`, pathNot: inTests },
        { path: '^libs/kafka/src/', pathNot: [`^libs/kafka/src/(${[folder, ...may].join('|')})/`, `^libs/kafka/src/${kafkaSharedFiles}`] },
      ),
    ),
    rule('kafka-shared-imports', 'All folders of libs/kafka import these files: an import back would be a cycle.', { path: `^libs/kafka/src/${kafkaSharedFiles}` }, { path: '^libs/kafka/src/', pathNot: `^libs/kafka/src/${kafkaSharedFiles}` }),
    rule('pure-rules', 'A rule that does I/O can no longer be tested by a table.', { path: '^libs/(lifecycle|contracts)/', pathNot: inTests }, { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional'] }),
    rule('kafkajs-in-its-room', 'The client is unmaintained: another must be able to take its place. The demo and verify show what any producer does, with it.', { path: '^(apps|libs)/', pathNot: ['^libs/kafka/src/kafkajs/', '^libs/kafka/src/.*\\.test\\.ts$', '^apps/standalone/src/demo/producer\\.ts$', '^apps/cli/src/verify/kafka-door\\.ts$'] }, { path: 'node_modules/kafkajs/' }),
    rule('minio-in-its-room', 'Only the object store and the notifier speak S3.', { path: '^(apps|libs)/', pathNot: ['^apps/notifier/src/adapters/', '^libs/objects/'] }, { path: 'node_modules/minio/' }),
    rule('yauzl-in-its-room', 'Archives come from strangers: they are opened in one place, where all the checks are. A test of the console reads what the console wrote.', { path: '^(apps|libs)/', pathNot: ['^libs/objects/', '^apps/console/src/functions/code/zip\\.test\\.ts$'] }, { path: 'node_modules/(@types/)?yauzl/' }),
    rule('database-in-its-room', 'Only the status-logger has a database. File locks borrow those of SQLite, and store nothing.', { path: '^(apps|libs)/', pathNot: ['^apps/status-logger/src/adapters/', '^libs/platform/src/file-lock\\.ts$'] }, { path: '(node_modules/(kysely|pg)/|^node:sqlite$|^sqlite$)' }),
    rule('broker-for-standalone', 'A service connects to brokers; only standalone starts one.', { path: '^apps/', pathNot: '^apps/standalone/' }, { path: '^libs/broker/' }),
    rule('adapters-by-composition', 'Shell and controllers know ports; only module, main and tests know adapters.', { path: '^apps/[^/]+/src/', pathNot: [inTests, '(\\.module|/main)\\.ts$', '/adapters/'] }, { path: ['^apps/[^/]+/src/adapters/', '^apps/[^/]+/src/[^/]+/adapters/'] }),
    rule('processes-without-languages', 'The pool of function processes serves every language: only launchers know one.', { path: '^apps/executor/src/adapters/process-runtime/', pathNot: inTests }, { path: '^apps/executor/src/adapters/', pathNot: '^apps/executor/src/adapters/(process-runtime|walls)/' }),
    rule('walls-without-runtimes', 'The walls stand around any command: they know no language and no pool.', { path: '^apps/executor/src/adapters/walls/', pathNot: inTests }, { path: '^apps/executor/src/adapters/', pathNot: '^apps/executor/src/adapters/walls/' }),
    rule('not-to-dev-dep', 'Production code must not need a development dependency: images do not have it.', { path: '^(apps|libs)/', pathNot: [inTests, '^libs/testing/'] }, { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] }),
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    // Peers of the benchmark have packages of their own.
    exclude: { path: '(^dist/|^packages/[^/]+/dist/|^test/bench/peers/|\\.stryker-tmp)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { conditionNames: ['source', 'import', 'node', 'default', 'types'], exportsFields: ['exports'] },
  },
};
