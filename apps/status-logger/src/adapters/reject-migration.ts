/**
 * The step of the schema that counts rejects. It is written out in full: a step must not change
 * when the code does.
 * @param text the type of a text that is compared byte by byte.
 * @param tableOptions what stands behind the parentheses of a table.
 */
export function rejectStep(text: string, tableOptions: string): readonly string[] {
  return [
    'ALTER TABLE function_totals ADD COLUMN rejected BIGINT NOT NULL DEFAULT 0',
    'ALTER TABLE function_minutes ADD COLUMN rejected BIGINT NOT NULL DEFAULT 0',
    `CREATE TABLE rejects (
      origin_partition INTEGER NOT NULL, origin_offset BIGINT NOT NULL, origin_at BIGINT NOT NULL, project ${text} NOT NULL,
      function_urn ${text} NOT NULL, code ${text} NOT NULL, reason ${text} NOT NULL, reject_partition INTEGER NOT NULL,
      reject_offset BIGINT NOT NULL, rejected_at BIGINT NOT NULL, counted_at BIGINT NOT NULL,
      PRIMARY KEY (origin_partition, origin_offset, origin_at)
    ) ${tableOptions}`,
    'CREATE INDEX rejects_by_age ON rejects (counted_at)',
    `CREATE TABLE rejects_removed (
      reject_partition INTEGER NOT NULL PRIMARY KEY, below BIGINT NOT NULL, rejected_until BIGINT NOT NULL
    ) ${tableOptions}`,
    `CREATE TABLE reject_counts (
      project ${text} NOT NULL, function_urn ${text} NOT NULL, code ${text} NOT NULL, rejects BIGINT NOT NULL,
      PRIMARY KEY (project, function_urn, code)
    ) ${tableOptions}`,
  ];
}

/** The step that lists rejects, newest first. */
export const rejectListStep: readonly string[] = [
  'CREATE INDEX rejects_by_project ON rejects (project, rejected_at DESC, reject_partition, reject_offset)',
  'CREATE INDEX rejects_by_function ON rejects (project, function_urn, rejected_at DESC, reject_partition, reject_offset)',
];
