/** The tables of refused records, as Kysely wants them; see `reject-rows.ts`. */

/** One refused record. Times are milliseconds since 1970-01-01 UTC. */
export interface RejectRow {
  /** The place of the record in `intake`, and its timestamp. */
  origin_partition: number;
  origin_offset: number;
  origin_at: number;
  /** Empty if the record named no function. */
  project: string;
  function_urn: string;
  code: string;
  reason: string;
  /** The place of the reject. */
  reject_partition: number;
  reject_offset: number;
  rejected_at: number;
  /** When the store counted it. */
  counted_at: number;
}

/** How far rows of one partition of the rejects were removed (J2). */
export interface RemovedRejects {
  reject_partition: number;
  /** Above the offsets of all removed rows. */
  below: number;
  /** When the youngest removed row was rejected. */
  rejected_until: number;
}

/** How many records were refused for one function or project, for one reason. */
export interface RejectCountRow {
  project: string;
  /** A URN, or empty for the whole project. */
  function_urn: string;
  code: string;
  rejects: number;
}
