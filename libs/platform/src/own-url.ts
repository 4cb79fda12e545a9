import type { Server } from 'node:http';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** The interfaces of a machine, as Node.js tells them. */
type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/**
 * The base URL under which other services reach a server. A server on all addresses gets the first
 * IPv4 address of the machine that other machines reach.
 * @returns undefined if the server does not listen.
 */
export function ownUrl(server: Pick<Server, 'address'>, interfaces: () => Interfaces = networkInterfaces): string | undefined {
  const address = server.address();
  if (address === null || typeof address === 'string') return undefined;
  const isEverywhere = address.address === '0.0.0.0' || address.address === '::';
  const host = isEverywhere ? (outside(interfaces()) ?? '127.0.0.1') : address.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

function outside(interfaces: Interfaces): string | undefined {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
