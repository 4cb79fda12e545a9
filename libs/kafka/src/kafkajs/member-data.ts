/**
 * The data that members of a group tell each other, beside the topics that they read. It is JSON in
 * the user data of Kafka's own messages.
 */
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import type { GroupFacts } from '../ports.ts';
import { byTopic } from './partition-offsets.ts';

/** A member, as it presents itself to its group. */
export interface MemberData {
  /** The generation in which it got the partitions that it holds; -1 if it holds none. */
  readonly generationId: number;
  /** The partitions that it reads, or for which it still acts. */
  readonly held: readonly TopicPartition[];
  /** True if it wants no partitions any more. */
  readonly isLeaving: boolean;
  /** The base URL under which other services reach its process, if they may. */
  readonly url?: string;
}

/** A member without partitions. */
const noData: MemberData = { generationId: -1, held: [], isLeaving: false };

/** Longest user data that is read, in bytes. */
const dataBytesMax = 1024 * 1024;

/** Writes the data of a member. */
export function encodeMemberData({ generationId, held, isLeaving, url }: MemberData): Buffer {
  const topics = Object.fromEntries(
    byTopic(held).map(({ topic, partitions }) => [topic, partitions.map(({ partition }) => partition)]),
  );
  return Buffer.from(JSON.stringify({ generationId, held: topics, isLeaving, url }));
}

/** Reads the data of a member. An earlier version, or unreadable data, holds nothing. */
export function decodeMemberData(bytes: Buffer | null | undefined): MemberData {
  const data = jsonOf(bytes);
  const { generationId, held, isLeaving, url } = data;
  if (!Number.isSafeInteger(generationId) || typeof held !== 'object' || held === null) return noData;
  const partitions = Object.entries(held).flatMap(([topic, numbers]) =>
    Array.isArray(numbers) ? numbers.filter(isPartition).map((partition) => ({ topic, partition })) : [],
  );
  return {
    generationId: generationId as number,
    held: partitions,
    isLeaving: isLeaving === true,
    ...(typeof url === 'string' && isUrl(url) ? { url } : {}),
  };
}

/** Writes the facts that the leader tells all members of a generation. */
export function encodeGroupFacts({ counts, members }: GroupFacts): Buffer {
  return Buffer.from(JSON.stringify({ counts: Object.fromEntries(counts), members }));
}

/** Reads the facts of a group; undefined if its leader has an earlier version. */
export function decodeGroupFacts(bytes: Buffer | null | undefined): GroupFacts | undefined {
  const { counts, members } = jsonOf(bytes);
  if (typeof counts !== 'object' || counts === null || !isPartition(members)) return undefined;
  const numbers = Object.entries(counts).filter((entry): entry is [string, number] => isPartition(entry[1]));
  return { counts: new Map(numbers), members: Math.max(1, members) };
}

function jsonOf(bytes: Buffer | null | undefined): Readonly<Record<string, unknown>> {
  if (bytes === null || bytes === undefined || bytes.length === 0 || bytes.length > dataBytesMax) return {};
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isPartition(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Only the address of a server counts: a path or a password in it is refused. */
function isUrl(text: string): boolean {
  if (text.length > 300 || !URL.canParse(text)) return false;
  const { protocol, username, password, pathname, search } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && [username, password, search].join('') === '' && pathname === '/';
}
