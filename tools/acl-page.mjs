/** Writes the tables and commands of docs/kafka-acls.md. */

const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** Rights with the same operations, resource and pattern: one row, and one command. */
function grouped(rights) {
  const key = ({ resource, pattern, operations }) => [resource, pattern, ...operations].join(' ');
  return [...Map.groupBy(rights, key).values()];
}

const shown = ({ pattern, name }) => `\`${name}${pattern === 'prefixed' ? '*' : ''}\``;
const inWords = { topic: 'topics', group: 'groups', 'transactional-id': 'transactional ids' };

/** One row for each account and kind of right. */
function rightRows(accounts, rightsOf) {
  return accounts.flatMap((account) =>
    grouped(rightsOf(account)).map((rights) => [
      account,
      rights[0].operations.map(capital).join(', '),
      inWords[rights[0].resource],
      rights.map(shown).join(', '),
    ]),
  );
}

/**
 * One row for each account and topic of the platform, as a matrix. Every service also has
 * DescribeConfigs.
 */
function matrixRows(accounts, rightsOf, topics) {
  return topics.map(({ name, physical }) => [
    `\`${name}\``,
    ...accounts.map((account) => {
      const rights = rightsOf(account).filter((right) => right.resource === 'topic' && right.name === physical);
      return rights.flatMap(({ operations }) => operations.filter((one) => one !== 'describeConfigs').map(capital)).join(', ');
    }),
  ]);
}

function aclCommand(account, rights) {
  const [{ resource, pattern, operations }] = rights;
  const names = rights.map(({ name }) => `--${resource} "${name}"`);
  return [
    `acls --allow-principal "User:\${PREFIX}${account}"`,
    ...operations.map((operation) => `--operation ${capital(operation)}`),
    ...(pattern === 'prefixed' ? ['--resource-pattern-type prefixed'] : []),
    ...names,
  ].join(' ');
}

/** The command that creates a topic with all its settings. */
function topicCommand({ name, partitions, settings }) {
  const count = partitions === 'configured' ? '"$PARTITIONS"' : partitions;
  return `topic ${name} ${count} ${settings.map((setting) => `--config ${setting.name}=${setting.value}`).join(' ')}`;
}

const block = (lines) => ['```sh', ...lines, '```'].join('\n');

/** The generated part of the page. */
export function aclPage({ table, accounts, rightsOf, declarations, defaultPrefix }) {
  const shellPrefix = '${PREFIX}';
  const topics = declarations.map(({ name }) => ({ name, physical: defaultPrefix + name }));
  const matrixOf = (account) => rightsOf(account, defaultPrefix);
  return [
    '## Topics and operations',
    table(['topic', ...accounts], matrixRows(accounts, matrixOf, topics)),
    '## All rights of each account',
    table(['account', 'operations', 'on', 'names'], rightRows(accounts, matrixOf)),
    '## Commands: topics',
    block([
      'PREFIX=sendoff. BROKERS=kafka.example:9093 CONFIG=admin.properties',
      'PARTITIONS=4 REPLICATION=3 IN_SYNC=2',
      'topic() {',
      '  name="$PREFIX$1" partitions="$2"; shift 2',
      '  kafka-topics.sh --bootstrap-server "$BROKERS" --command-config "$CONFIG" --create --if-not-exists --topic "$name" \\',
      '    --partitions "$partitions" --replication-factor "$REPLICATION" --config min.insync.replicas="$IN_SYNC" "$@"',
      '}',
      ...declarations.map(topicCommand),
    ]),
    '## Commands: rights',
    block([
      'PREFIX=sendoff. BROKERS=kafka.example:9093 CONFIG=admin.properties',
      'acls() { kafka-acls.sh --bootstrap-server "$BROKERS" --command-config "$CONFIG" --add "$@"; }',
      ...accounts.flatMap((account) => grouped(rightsOf(account, shellPrefix)).map((rights) => aclCommand(account, rights))),
    ]),
  ].join('\n\n');
}
