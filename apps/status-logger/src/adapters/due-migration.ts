/**
 * The step of the schema that counts delayed invocations by the minute of their due time, and fills
 * the counts from the records, once. It is written out in full: a step must not change when the
 * code does.
 */

const isDelayed = "ended_at IS NULL AND status <> 'RUNNING' AND due_at IS NOT NULL AND function_urn <> ''";

/** Fills the counts for each function, or for each whole project. */
function fillFor(functionUrn: string): readonly string[] {
  const group = functionUrn === 'function_urn' ? 'project, function_urn' : 'project';
  return [
    `INSERT INTO function_totals (project, function_urn, shard, due)
     SELECT project, ${functionUrn}, 0, count(*) FROM invocations WHERE ${isDelayed} GROUP BY ${group}
     ON CONFLICT (project, function_urn, shard) DO UPDATE SET due = excluded.due`,
    `INSERT INTO function_minutes (project, function_urn, minute, shard, due)
     SELECT project, ${functionUrn}, due_at / 60000 * 60000, 0, count(*) FROM invocations WHERE ${isDelayed}
     GROUP BY ${group}, due_at / 60000 * 60000
     ON CONFLICT (project, function_urn, minute, shard) DO UPDATE SET due = excluded.due`,
  ];
}

/** The statements of the step, which both databases take. */
export const dueStep: readonly string[] = [
  'ALTER TABLE function_totals ADD COLUMN due BIGINT NOT NULL DEFAULT 0',
  'ALTER TABLE function_minutes ADD COLUMN due BIGINT NOT NULL DEFAULT 0',
  ...fillFor('function_urn'),
  ...fillFor(`''`),
];
