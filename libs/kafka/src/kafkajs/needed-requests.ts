/** Asks a broker whether it has the requests that every process sends. */
import { createRequire } from 'node:module';
import { PlatformError } from '#contracts';
import { askAny } from './ask-any-broker.ts';
import type { BrokerPool, RequestVersions } from './kafkajs-pool.ts';

const require = createRequire(import.meta.url);
const { requests } = require('kafkajs/src/protocol/requests') as {
  readonly requests: Readonly<Record<string, { readonly versions: readonly string[] }>>;
};

/** A request that processes cannot do without. */
interface NeededRequest {
  readonly name: string;
  readonly key: number;
  /** Earlier versions know no headers of records. */
  readonly from?: number;
}

const needed: readonly NeededRequest[] = [
  { name: 'Produce', key: 0, from: 3 },
  { name: 'Fetch', key: 1, from: 4 },
  { name: 'ListOffsets', key: 2 },
  { name: 'Metadata', key: 3 },
  { name: 'OffsetCommit', key: 8 },
  { name: 'OffsetFetch', key: 9 },
  { name: 'GroupCoordinator', key: 10 },
  { name: 'JoinGroup', key: 11 },
  { name: 'Heartbeat', key: 12 },
  { name: 'LeaveGroup', key: 13 },
  { name: 'SyncGroup', key: 14 },
  { name: 'DescribeGroups', key: 15 },
  { name: 'CreateTopics', key: 19 },
];

/** The versions of a request that the client has, oldest first. */
function ownVersions({ name, from = 0 }: NeededRequest): readonly number[] {
  const versions = requests[name]?.versions.map(Number) ?? [];
  return versions.filter((version) => version >= from).toSorted((one, other) => one - other);
}

/** The requests that a broker has in no version that the client knows, in words. */
function missingIn(versions: RequestVersions | null): readonly string[] {
  return needed.flatMap((request) => {
    const own = ownVersions(request);
    const has = versions?.[request.key];
    if (has !== undefined && own.some((version) => version >= has.minVersion && version <= has.maxVersion)) return [];
    const found = has === undefined ? 'it has none' : `it has ${has.minVersion} to ${has.maxVersion}`;
    return [`${request.name} in a version from ${own[0]} to ${own.at(-1)} (${found})`];
  });
}

/**
 * Checks one of the brokers.
 * @throws PlatformError `BROKER_UNSUITABLE` that names all that is missing.
 */
export async function assertRequests(pool: BrokerPool): Promise<void> {
  const missing = await askAny(pool, async ({ versions }) => missingIn(versions));
  if (missing.length === 0) return;
  const reason =
    `the brokers of KAFKA_BROKERS lack ${missing.join(', ')}. ` + 'Run brokers that have them. Sendoff is tested with Kafka 4.3';
  throw new PlatformError('BROKER_UNSUITABLE', { details: { reason, missing } });
}
