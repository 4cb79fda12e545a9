/**
 * The step of the schema that makes the tables of counts and fills them from the records, once. It
 * is written out in full: a step must not change when the code does.
 */

const sums = [
  ...['accepted', 'delayed', 'queued', 'running', 'expiring', 'attempts', 'runs', 'run_ms', 'starts', 'late_ms'],
  ...['notices_pending', 'notices_delivered', 'notices_undelivered'],
  ...['ended_0', 'ended_4201', 'ended_4202', 'ended_4203', 'ended_4204', 'ended_4205', 'ended_4208'],
  ...['ended_4500', 'ended_4501', 'ended_4502'],
];
const extremes = ['run_ms_min', 'run_ms_max', 'late_ms_max'];
const columns = [...sums.map((name) => `${name} BIGINT NOT NULL DEFAULT 0`), ...extremes.map((name) => `${name} BIGINT`)].join(
  ', ',
);

const count = (condition: string) => `sum(CASE WHEN ${condition} THEN 1 ELSE 0 END)`;
const ofState = (state: string) => {
  const text = `"state":"${state}"`;
  return `sum((length(deliveries) - length(replace(deliveries, '${text}', ''))) / ${text.length})`;
};
const minuteOf = (column: string) => `${column} / 60000 * 60000`;

const acceptedSums: Readonly<Record<string, string>> = {
  accepted: 'count(*)',
  delayed: count(`ended_at IS NULL AND status = 'WAIT' AND due_at IS NOT NULL`),
  queued: count(`ended_at IS NULL AND status = 'WAIT' AND due_at IS NULL`),
  running: count(`ended_at IS NULL AND status = 'RUNNING'`),
};
const endedSums: Readonly<Record<string, string>> = {
  attempts: count('ended_at IS NOT NULL').replace('THEN 1', 'THEN attempts'),
  runs: count('ended_at IS NOT NULL AND started_at IS NOT NULL'),
  run_ms: `coalesce(sum(CASE WHEN ended_at > started_at THEN ended_at - started_at ELSE 0 END), 0)`,
  ...Object.fromEntries(
    sums.flatMap((name) => {
      const [, code] = /^ended_(\d+)$/.exec(name) ?? [];
      return code === undefined ? [] : [[name, count(`ended_at IS NOT NULL AND error_code = ${code}`)]];
    }),
  ),
};
const noticeSums: Readonly<Record<string, string>> = {
  notices_pending: ofState('pending'),
  notices_delivered: ofState('delivered'),
  notices_undelivered: ofState('undelivered'),
};

const into = (table: string, key: string, values: Readonly<Record<string, string>>) =>
  `INSERT INTO ${table} (${key}, ${Object.keys(values).join(', ')})`;

/** Fills both tables for each function, or for each whole project. */
function fillFor(functionUrn: string): readonly string[] {
  const values = { ...acceptedSums, ...endedSums, ...noticeSums };
  const groups = functionUrn === 'function_urn' ? 'project, function_urn' : 'project';
  const byMinute = (shard: number, column: string, part: Readonly<Record<string, string>>) =>
    `${into('function_minutes', 'project, function_urn, minute, shard', part)}
     SELECT project, ${functionUrn}, ${minuteOf(column)}, ${shard}, ${Object.values(part).join(', ')} FROM invocations
     WHERE function_urn <> '' AND ${column} IS NOT NULL GROUP BY ${groups}, ${minuteOf(column)}`;
  return [
    `${into('function_totals', 'project, function_urn, shard', values)}
     SELECT project, ${functionUrn}, 0, ${Object.values(values).join(', ')} FROM invocations
     WHERE function_urn <> '' GROUP BY ${groups}`,
    byMinute(0, 'accepted_at', acceptedSums),
    byMinute(1, 'ended_at', endedSums),
  ];
}

/**
 * The statements of the step. Deliveries of earlier releases count in the totals, and in no minute.
 * @param text the type of a text that is compared byte by byte.
 * @param tableOptions what stands behind the parentheses of a table.
 */
export function tallyStep(text: string, tableOptions: string): readonly string[] {
  return [
    'ALTER TABLE invocations ADD COLUMN late_ms BIGINT',
    `CREATE TABLE function_totals (
      project ${text} NOT NULL, function_urn ${text} NOT NULL, shard SMALLINT NOT NULL, ${columns},
      PRIMARY KEY (project, function_urn, shard)
    ) ${tableOptions}`,
    `CREATE TABLE function_minutes (
      project ${text} NOT NULL, function_urn ${text} NOT NULL, minute BIGINT NOT NULL, shard SMALLINT NOT NULL, ${columns},
      PRIMARY KEY (project, function_urn, minute, shard)
    ) ${tableOptions}`,
    'CREATE INDEX function_minutes_by_minute ON function_minutes (minute)',
    ...fillFor('function_urn'),
    ...fillFor(`''`),
  ];
}
