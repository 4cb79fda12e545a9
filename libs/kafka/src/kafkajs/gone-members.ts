/**
 * Removes killed members from consumer groups.
 *
 * A process that was killed cannot leave its groups, and the next member waits until their session
 * times out. So each member carries the name of its process in its client id. The next member on
 * the same machine removes the members whose process no longer exists.
 */
import { isProcessGone } from '#platform';
import { ownerName } from '../bookkeeping/owner-mark.ts';
import type { AdminConnection } from './admin-connection.ts';
import { withTimeout } from './broker-errors.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';

/** Separates the client id from the name of the process. */
const separator = '@';

/**
 * Longest wait for the brokers, in milliseconds. Without an answer the group waits for the session
 * timeout.
 */
const answerTimeoutMs = 3_000;

/**
 * Returns the client id of a member of groups.
 * @param processName undefined if the system does not tell it.
 */
export function memberClientId(clientId: string, processName: string | undefined): string {
  return processName === undefined ? clientId : `${clientId}${separator}${processName}`;
}

/**
 * Removes the members of a group whose process no longer exists.
 * @param newCluster makes a connection; called only if there is a member to remove.
 * @returns the number of removed members.
 * @throws PlatformError `BROKER_UNAVAILABLE` if the brokers do not answer in time.
 */
export async function removeGoneMembers(
  groupId: string,
  admin: AdminConnection,
  newCluster: () => ClusterConnection,
): Promise<number> {
  const { groups } = await admin.ask(answerTimeoutMs, 'the members of a group', (asking) => asking.describeGroups([groupId]));
  const members = groups.flatMap((group) => group.members);
  const isGone = await Promise.all(members.map(async ({ clientId }) => isProcessGone(clientId.split(separator).at(-1) ?? '')));
  const gone = members.filter((_member, index) => isGone[index]);
  if (gone.length === 0) return 0;
  const cluster = newCluster();
  try {
    await withTimeout(answerTimeoutMs, 'removing members of a group', leave(cluster, groupId, gone));
  } finally {
    void cluster.disconnect().catch(() => undefined);
  }
  return gone.length;
}

/**
 * The owner names of all members of a group; see `owner-mark.ts`.
 * @throws PlatformError `BROKER_UNAVAILABLE` if the brokers do not answer in time.
 */
export async function memberOwners(groupId: string, admin: AdminConnection): Promise<readonly string[]> {
  const { groups } = await admin.ask(answerTimeoutMs, 'the members of a group', (asking) => asking.describeGroups([groupId]));
  return groups.flatMap((group) => group.members).map(({ clientId }) => ownerName(clientId));
}

async function leave(
  cluster: ClusterConnection,
  groupId: string,
  members: readonly { readonly memberId: string }[],
): Promise<void> {
  await cluster.connect();
  const coordinator = await cluster.findGroupCoordinator({ groupId });
  for (const { memberId } of members) await coordinator.leaveGroup({ groupId, memberId });
}
