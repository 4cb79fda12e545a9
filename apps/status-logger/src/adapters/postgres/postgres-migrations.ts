import { type Migration } from 'kysely/migration';
import { dueStep } from '../due-migration.ts';
import { stepOf } from '../migrate.ts';
import { rejectListStep, rejectStep } from '../reject-migration.ts';
import { tallyStep } from '../tally-migration.ts';

/**
 * Changes of the schema, in the order of their names. Append to the list; never edit or rename a
 * step. Times are milliseconds since 1970-01-01 UTC.
 */
export const postgresMigrations: Readonly<Record<string, Migration>> = {
  // Texts are compared byte by byte: that is the order of the port, and the fastest one.
  '0001-invocations': stepOf([
    `CREATE TABLE invocations (
      request_id TEXT COLLATE "C" NOT NULL, function_urn TEXT COLLATE "C" NOT NULL, project TEXT COLLATE "C" NOT NULL,
      accepted_at BIGINT NOT NULL, status TEXT COLLATE "C" NOT NULL, stage BIGINT NOT NULL, error_code INTEGER NOT NULL,
      error_message TEXT COLLATE "C" NOT NULL, started_at BIGINT, ended_at BIGINT, attempts INTEGER NOT NULL, due_at BIGINT,
      deliveries TEXT COLLATE "C" NOT NULL, over_at BIGINT,
      PRIMARY KEY (request_id, accepted_at)
    ) PARTITION BY RANGE (accepted_at)`,
    'CREATE TABLE invocations_rest PARTITION OF invocations DEFAULT',
    'CREATE INDEX invocations_by_function ON invocations (project, function_urn, status, accepted_at DESC, request_id)',
    'CREATE INDEX invocations_by_project ON invocations (project, status, accepted_at DESC, request_id)',
    'CREATE INDEX invocations_not_over ON invocations (accepted_at, request_id) WHERE over_at IS NULL',
    `CREATE TABLE counts (
      project TEXT COLLATE "C" NOT NULL, function_urn TEXT COLLATE "C" NOT NULL, minute BIGINT NOT NULL, status TEXT COLLATE "C" NOT NULL,
      shard SMALLINT NOT NULL, invocations BIGINT NOT NULL, PRIMARY KEY (project, function_urn, minute, status, shard)
    ) WITH (fillfactor = 50)`,
    'CREATE TABLE built (id INTEGER PRIMARY KEY CHECK (id = 1))',
  ]),
  // Each transaction updates the same few rows: the free space keeps them in their place.
  '0002-progress': stepOf([
    `CREATE TABLE progress (
      topic TEXT COLLATE "C" NOT NULL, partition INTEGER NOT NULL, finished_to BIGINT NOT NULL, PRIMARY KEY (topic, partition)
    ) WITH (fillfactor = 50)`,
  ]),
  // The index finds the few records below a committed offset that have not ended.
  '0003-places': stepOf([
    `ALTER TABLE invocations ADD COLUMN places TEXT COLLATE "C" NOT NULL DEFAULT '[]',
      ADD COLUMN place_partition TEXT COLLATE "C", ADD COLUMN place_offset BIGINT`,
    'CREATE INDEX invocations_in_flight_by_place ON invocations (place_partition, place_offset) WHERE ended_at IS NULL',
  ]),
  '0004-history': stepOf([
    'ALTER TABLE invocations ADD COLUMN expires_at BIGINT',
    `ALTER TABLE invocations ADD COLUMN history TEXT COLLATE "C" NOT NULL DEFAULT ''`,
  ]),
  // Each transaction updates the same few rows: the free space keeps them in their place.
  '0005-tallies': stepOf(tallyStep('TEXT COLLATE "C"', 'WITH (fillfactor = 50)')),
  '0006-tags': stepOf([
    `ALTER TABLE invocations ADD COLUMN tags TEXT COLLATE "C" NOT NULL DEFAULT ''`,
    `CREATE TABLE tags (
      project TEXT COLLATE "C" NOT NULL, tag TEXT COLLATE "C" NOT NULL, accepted_at BIGINT NOT NULL, request_id TEXT COLLATE "C" NOT NULL
    )`,
    'CREATE UNIQUE INDEX tags_by_tag ON tags (project, tag, accepted_at DESC, request_id)',
    'CREATE INDEX tags_by_age ON tags (accepted_at)',
  ]),
  '0007-notices': stepOf([
    `CREATE TABLE notices (
      request_id TEXT COLLATE "C" NOT NULL, delivery_id TEXT COLLATE "C" NOT NULL, project TEXT COLLATE "C" NOT NULL,
      function_urn TEXT COLLATE "C" NOT NULL, state TEXT COLLATE "C" NOT NULL, accepted_at BIGINT NOT NULL,
      PRIMARY KEY (request_id, delivery_id)
    )`,
    `INSERT INTO notices
      SELECT request_id, delivery ->> 'deliveryId', project, function_urn, delivery ->> 'state', accepted_at
      FROM invocations CROSS JOIN LATERAL jsonb_array_elements(deliveries::jsonb) AS known (delivery)`,
    'CREATE INDEX notices_by_state ON notices (project, state, accepted_at DESC, request_id, delivery_id)',
    'CREATE INDEX notices_by_function ON notices (project, function_urn, state, accepted_at DESC, request_id, delivery_id)',
    'CREATE INDEX notices_by_target ON notices (project, delivery_id, state, accepted_at DESC, request_id)',
    'CREATE INDEX notices_by_age ON notices (accepted_at)',
  ]),
  '0008-due': stepOf(dueStep),
  '0009-references': stepOf([
    'ALTER TABLE invocations ADD COLUMN payload_ref TEXT COLLATE "C"',
    'ALTER TABLE invocations ADD COLUMN response_ref TEXT COLLATE "C"',
  ]),
  '0010-rejects': stepOf(rejectStep('TEXT COLLATE "C"', 'WITH (fillfactor = 50)')),
  '0011-reject-lists': stepOf(rejectListStep),
  '0012-failure-route': stepOf(['ALTER TABLE invocations ADD COLUMN failure_route TEXT COLLATE "C"']),
};
