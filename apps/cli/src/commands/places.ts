import { tableLines } from '../print-table.ts';
import { parseWhole, type Session } from '../session.ts';

interface Place {
  readonly name: string;
  /** Streams only, unless it is the default one. */
  readonly topic?: string;
}

/** Lists the buckets that policies may name. */
export async function listBuckets(session: Session): Promise<void> {
  const answer = await session.ask<{ buckets: readonly Place[] }>({ path: ['sendoff', 'buckets'] });
  const rows = answer.buckets.map(({ name }) => [name]);
  session.show(answer, () => (rows.length === 0 ? ['There is no bucket.'] : tableLines(['BUCKET'], rows)));
}

/** Lists the streams that policies may name. */
export async function listStreams(session: Session): Promise<void> {
  const answer = await session.ask<{ streams: readonly Place[] }>({ path: ['sendoff', 'streams'] });
  const rows = answer.streams.map(({ name, topic }) => [name, topic ?? 'its own']);
  session.show(answer, () => (rows.length === 0 ? ['There is no stream.'] : tableLines(['STREAM', 'KAFKA TOPIC'], rows)));
}

/** Options of `sendoff buckets objects`. */
export interface ObjectOptions {
  readonly prefix?: string;
  readonly limit: string;
  /** The marker of the next page. */
  readonly after?: string;
}

interface ObjectPage {
  readonly objects: readonly { readonly key: string; readonly bytes: number; readonly written_time: string }[];
  readonly next_marker: string;
}

/** Lists the objects of a bucket, those with the last keys first. */
export async function listObjects(session: Session, bucket: string, options: ObjectOptions): Promise<void> {
  const { prefix, limit, after: marker } = options;
  const query = { prefix, limit: parseWhole(limit, '--limit'), marker };
  const answer = await session.ask<ObjectPage>({ path: ['sendoff', 'buckets', bucket, 'objects'], query });
  session.show(answer, () => objectLines(answer));
}

function objectLines({ objects, next_marker: next }: ObjectPage): string[] {
  if (objects.length === 0) return ['The bucket has no such object.'];
  const rows = objects.map(({ key, bytes, written_time: written }) => [written, bytes, key]);
  const table = tableLines(['WRITTEN', 'BYTES', 'KEY'], rows);
  return next === '' ? table : [...table, `more: --after ${next}`];
}

interface StreamRecords {
  readonly topic: string;
  readonly topic_exists: boolean;
  readonly records: readonly {
    readonly partition: number;
    readonly offset: string;
    readonly time: string;
    readonly key?: string;
    readonly value?: string;
  }[];
}

const valueLengthMax = 200;

/** Lists the newest records of a stream. */
export async function listStreamRecords(session: Session, stream: string, options: { readonly limit: string }): Promise<void> {
  const query = { limit: parseWhole(options.limit, '--limit') };
  const answer = await session.ask<StreamRecords>({ path: ['sendoff', 'streams', stream, 'records'], query });
  session.show(answer, () => recordLines(answer));
}

function recordLines({ topic, topic_exists: exists, records }: StreamRecords): string[] {
  if (!exists) return [`The topic ${topic} does not exist, or the Kafka account of the ingress may not see it.`];
  if (records.length === 0) return [`The topic ${topic} has no record.`];
  const rows = records.map(({ time, partition, offset, key, value }) => [
    time,
    `${partition}/${offset}`,
    key ?? '',
    value?.slice(0, valueLengthMax) ?? '(of another program)',
  ]);
  return tableLines(['TIME', 'PLACE', 'KEY', 'VALUE'], rows);
}

/** The kinds of places that policies may name, as the API names them. */
export type PlaceKind = 'buckets' | 'streams';

const placeWord = { buckets: 'bucket', streams: 'stream' } as const satisfies Record<PlaceKind, string>;

/**
 * Lets policies name a bucket or a stream. One that they may name already stays, with the new
 * topic.
 */
export async function addPlace(
  session: Session,
  kind: PlaceKind,
  name: string,
  { topic }: { readonly topic?: string },
): Promise<void> {
  const request = { method: 'PUT', path: ['sendoff', kind, name], body: topic === undefined ? {} : { topic } };
  const changed = await session.change<Place>(`let policies name the ${placeWord[kind]} ${name}`, request, { isNew: true });
  if (changed !== undefined) session.show(changed.answer, () => [`policies may name the ${placeWord[kind]} ${name}`]);
}

/** Takes a bucket or a stream from the places that policies may name. Its contents stay. */
export async function removePlace(session: Session, kind: PlaceKind, name: string): Promise<void> {
  const request = { method: 'DELETE', path: ['sendoff', kind, name] };
  const changed = await session.change(`remove the ${placeWord[kind]} ${name}; its contents stay`, request);
  if (changed !== undefined)
    session.show({ removed: name }, () => [`the ${placeWord[kind]} ${name} is removed; its contents stay`]);
}
