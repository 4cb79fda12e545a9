/** Ports for programs that must be told one before they start. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below the ports that Linux gives to outgoing connections, which may take a port before its
 * program listens; and below the NodePorts of Kubernetes.
 */
const portMin = 20_000;
const portMax = 29_999;
const triesMax = 1_000;

/**
 * A port of 127.0.0.1 on which nobody listens. No process that asks this function gets it again
 * while this process lives: a broker was once given the port of another one's controller.
 * @throws Error if 1,000 ports in turn are taken.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesMax; tries++) {
    const port = randomInt(portMin, portMax + 1);
    if ((await claims(port)) && (await isFree(port))) return port;
  }
  throw new Error(`no port from ${portMin} to ${portMax} is free`);
}

/** The claims of this process by port. They end with it. */
const claimed = new Map<number, Server | undefined>();

/** Claims a port among the processes of this machine, by a name that only one may listen at. */
async function claims(port: number): Promise<boolean> {
  if (claimed.has(port)) return false;
  // Only Linux has such names. Elsewhere a port is claimed within this process alone.
  const claim = process.platform === 'linux' ? await listening({ path: `\0sendoff-port-${port}` }) : undefined;
  if (process.platform === 'linux' && claim === undefined) return false;
  claim?.unref();
  claimed.set(port, claim);
  return true;
}

async function isFree(port: number): Promise<boolean> {
  const server = await listening({ port, host: '127.0.0.1' });
  if (server === undefined) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/** @returns undefined if another server listens there. */
async function listening(
  at: { readonly path: string } | { readonly port: number; readonly host: string },
): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(at, () => resolve(server));
  });
}
