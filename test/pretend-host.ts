/**
 * A host and an internet, as two network namespaces of this machine. Tests see which packets leave
 * a host without touching the network of the machine.
 *
 * The internet has every address of {@link internetAddresses}. At each, TCP ports 80 and 9092
 * answer `tcp <address>`, and UDP port 80 echoes. Its name server listens on all of them and on its
 * router; it knows any name as 93.184.216.34. The host has the address 192.0.2.2; its TCP port 80
 * answers `host` on all addresses.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { NamespaceShell } from '../apps/executor/src/adapters/egress/namespace-shell.ts';

/** The addresses of the pretend internet besides that of its router, 192.0.2.1. */
export const internetAddresses = [
  '93.184.216.34',
  '1.1.1.1',
  '10.9.9.9',
  '172.16.0.9',
  '192.168.9.9',
  '100.64.0.9',
  '169.254.169.254',
  '100.100.100.200',
  '168.63.129.16',
  '198.18.7.7',
] as const;

const internetServers = `
  const { createServer } = require('node:net');
  const listening = [80, 9092].map((port) => new Promise((done) =>
    createServer((socket) => socket.on('error', () => {}).end('tcp ' + socket.localAddress)).listen(port, '0.0.0.0', done)));
  // An echo from the address that was asked: one socket for each.
  const { createSocket } = require('node:dgram');
  for (const address of ${JSON.stringify(internetAddresses)}) listening.push(new Promise((done) => {
    const udp = createSocket('udp4').on('message', (text, from) => udp.send('udp ' + text, from.port, from.address));
    udp.bind(80, address, done);
  }));
  listening.push(new Promise((done) => {
    const names = createSocket('udp4').on('message', (query, from) => {
      const end = query.indexOf(0, 12) + 5;
      const isV4 = query.readUInt16BE(end - 4) === 1;
      const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, isV4 ? 1 : 0, 0, 0, 0, 0]);
      const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 93, 184, 216, 34]);
      names.send(Buffer.concat([head, query.subarray(12, end), ...(isV4 ? [answer] : [])]), from.port, from.address);
    });
    names.bind(53, '0.0.0.0', done);
  }));
  Promise.all(listening).then(() => console.log('listening'));`;
const hostServer = `require('node:net').createServer((socket) => socket.on('error', () => {}).end('host'))
  .listen(80, '::', () => console.log('listening'));`;

/** Starts a Node.js server in a network. It ends with this process. */
async function serve(enter: readonly string[], program: string): Promise<ChildProcess> {
  const line = [...enter, 'setpriv', '--pdeathsig', 'KILL', '--', process.execPath, '-e', program];
  const child = spawn(line[0] ?? '', line.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', () => resolve());
    child.once('exit', (code) => reject(new Error(`a server of the pretend internet ended with ${code}`)));
  });
  return child;
}

/** Enters the namespaces of a shell. */
const enter = (shell: NamespaceShell) => ['nsenter', '--target', String(shell.pid), '--net', '--mount', '--'];

/** A pretend internet that runs. It ends with this process. */
export class PretendInternet {
  private constructor(private readonly parts: readonly { kill: () => unknown }[]) {}

  /** @returns the reason if this machine does not let the tests make networks. */
  static async missing(): Promise<string | undefined> {
    if (process.platform !== 'linux') return 'the network of functions needs Linux';
    if (process.getuid?.() !== 0) return 'tests of the network of functions need root';
    try {
      const shell = await NamespaceShell.start({ asUser: false });
      await shell.run('command -v slirp4netns nft ip && test -c /dev/net/tun');
      shell.kill();
      return undefined;
    } catch (error) {
      return `slirp4netns, nftables, iproute2 or /dev/net/tun is missing, or no namespaces: ${(error as Error).message}`;
    }
  }

  /**
   * Starts an internet behind a link.
   * @param router its address on the link, with the prefix length.
   * @param connect makes the link: a device `host` in the namespace of the process.
   */
  static async start(router: string, connect: (pid: number) => Promise<unknown>): Promise<PretendInternet> {
    const internet = await NamespaceShell.start({ asUser: false });
    await connect(internet.pid);
    const addresses = internetAddresses.map((address) => `ip addr add ${address}/32 dev lo`).join(' && ');
    await internet.run(`ip link set lo up && ip addr add ${router} dev host && ip link set host up && ${addresses}`);
    const servers = await serve(enter(internet), internetServers);
    return new PretendInternet([servers, internet]);
  }

  close(): void {
    for (const part of this.parts) part.kill();
  }
}

/** A pretend host that runs. It ends with this process. */
export class PretendHost {
  private constructor(
    /** The start of a command line that enters the host. */
    readonly prefix: readonly string[],
    private readonly internet: PretendInternet,
    private readonly parts: readonly { kill: () => unknown }[],
    private readonly folder: string,
  ) {}

  static async start(): Promise<PretendHost> {
    const folder = mkdtempSync(join(tmpdir(), 'sendoff-host-'));
    writeFileSync(join(folder, 'resolv.conf'), 'nameserver 192.0.2.1\n');
    const host = await NamespaceShell.start({ asUser: false });
    const internet = await PretendInternet.start('192.0.2.1/24', async (pid) =>
      host.run(`ip link set lo up && ip link add outside type veth peer name host netns ${pid}`),
    );
    await host.run('ip addr add 192.0.2.2/24 dev outside && ip link set outside up && ip route add default via 192.0.2.1');
    await host.run(`mount --bind ${folder}/resolv.conf /etc/resolv.conf`);
    const server = await serve(enter(host), hostServer);
    return new PretendHost(enter(host), internet, [server, host], folder);
  }

  close(): void {
    this.internet.close();
    for (const part of this.parts) part.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
