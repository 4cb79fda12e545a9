/**
 * Members of consumer groups whose process was killed cannot leave any more, and whoever joins waits for them until their session is over.
 * So a member carries the name of its process in its client id, and who joins next on the same machine puts those out that are gone.
 */
import { isProcessGone } from '#platform';
import type { AdminConnection } from './admin-connection.ts';
import { withTimeout } from './broker-errors.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';

/** Stands between a client id and the name of a process. */
const separator = '@';

/** Longest wait for the brokers; without their answer the session time is waited for, as by everybody else. */
const patienceMs = 3_000;

/** The client id of a member of groups. @param processName absent where the system does not tell. */
export function memberClientId(clientId: string, processName: string | undefined): string {
  return processName === undefined ? clientId : `${clientId}${separator}${processName}`;
}

/**
 * Puts members out of a group whose process is known to be gone.
 * @param newCluster makes a connection, which is made where there is somebody to put out.
 * @returns how many there were.
 * @throws PlatformError `BROKER_UNAVAILABLE` when the brokers do not answer in time.
 */
export async function removeGoneMembers(
  groupId: string,
  admin: AdminConnection,
  newCluster: () => ClusterConnection,
): Promise<number> {
  const { groups } = await admin.ask(patienceMs, 'the members of a group', (asking) => asking.describeGroups([groupId]));
  const members = groups.flatMap((group) => group.members);
  const areGone = await Promise.all(members.map(async ({ clientId }) => isProcessGone(clientId.split(separator).at(-1) ?? '')));
  const gone = members.filter((_member, index) => areGone[index]);
  if (gone.length === 0) return 0;
  const cluster = newCluster();
  try {
    await withTimeout(patienceMs, 'putting out members of a group', leave(cluster, groupId, gone));
  } finally {
    void cluster.disconnect().catch(() => undefined);
  }
  return gone.length;
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
