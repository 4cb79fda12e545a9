/**
 * Goal: an instance reaches only the addresses of the policy, over TCP and UDP. It neither reaches
 * another instance nor uses up its share. Method: a pretend host with a
 * pretend internet; real sockets in the networks that the executor makes.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { networkRules4 } from '#platform';
import { eventually } from '#testing';
import { internetAddresses, PretendHost, PretendInternet } from '../../../../../test/pretend-host.ts';
import { isRunning } from '../../../testing/processes.ts';
import type { InstanceNetwork } from '../walls/egress.ts';
import { InstanceNetworks, type InstanceNetworksSettings } from './instance-networks.ts';

const missing = await PretendInternet.missing();
const limits = { connectionsMax: 20, startsPerSecond: 1_000, namesPerSecond: 50, mbytesPerSecond: 1_000 };

/** Runs a program in the network of an instance. @returns what it prints, parsed. */
async function inside<T>({ enter }: InstanceNetwork, program: string): Promise<T> {
  const line = [...enter, process.execPath, '-e', program];
  const child = spawn(line[0] ?? '', line.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return JSON.parse(output) as T;
}

const connections = (targets: readonly string[]) => `
  const { connect } = require('node:net');
  const reached = (target) => new Promise((resolve) => {
    const at = target.lastIndexOf(':');
    const socket = connect(Number(target.slice(at + 1)), target.slice(0, at));
    const ends = (how) => { socket.destroy(); resolve([target, how]); };
    socket.setTimeout(2_000, () => ends('timeout'));
    socket.on('data', (data) => ends(String(data))).on('error', (error) => ends(error.code)).on('end', () => ends('end'));
  });
  Promise.all(${JSON.stringify(targets)}.map(reached)).then((all) => console.log(JSON.stringify(Object.fromEntries(all))));`;
const tcp = async (network: InstanceNetwork, ...targets: string[]) =>
  inside<Record<string, string>>(network, connections(targets));

describe.skipIf(missing !== undefined)(
  `the networks of instances${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let host: PretendHost;
    let networks: InstanceNetworks | undefined;
    beforeAll(async () => {
      host = await PretendHost.start();
    });
    afterAll(() => host.close());
    afterEach(() => networks?.close());

    async function open(
      given: Partial<InstanceNetworksSettings> & {
        readonly allowed?: readonly string[];
        readonly denied?: readonly string[];
      } = {},
    ): Promise<InstanceNetworks> {
      const { allowed = [], denied = [], ...settings } = given;
      networks = await InstanceNetworks.start({
        ...{ policy: 'public', rules: networkRules4(allowed, denied), limits, spareMax: 1, hostPrefix: host.prefix },
        ...{ onLost: () => undefined, onInterrupted: () => undefined },
        ...settings,
      });
      return networks;
    }

    it('lets an instance reach public addresses, and refuses all others at once', async () => {
      const network = await (await open()).attach();
      const others = ['192.0.2.1', '192.0.2.2', '198.18.0.1', '198.18.0.2', '224.0.0.1', '255.255.255.255'];
      const targets = [...internetAddresses, ...others].map((address) => `${address}:80`);
      const answers = await tcp(network, ...targets);
      const { '93.184.216.34:80': one, '1.1.1.1:80': other, ...refused } = answers;
      expect([one, other]).toEqual(['tcp 93.184.216.34', 'tcp 1.1.1.1']);
      expect(Object.entries(refused).filter(([, how]) => !['EHOSTUNREACH', 'ENETUNREACH', 'EACCES'].includes(how))).toEqual([]);
    });

    it('gives an instance a loopback of its own, and no IPv6', async () => {
      const network = await (await open()).attach();
      expect(await tcp(network, '127.0.0.1:80', '::1:80', '0.0.0.0:80', '2606:4700::1111:80')).toEqual({
        '127.0.0.1:80': 'ECONNREFUSED',
        '::1:80': 'ECONNREFUSED',
        '0.0.0.0:80': 'ECONNREFUSED',
        '2606:4700::1111:80': 'ENETUNREACH',
      });
    });

    it('opens allowed networks, but not for the platform, denied networks and metadata services', async () => {
      const opened = await open({ allowed: ['0.0.0.0/0'], denied: ['172.16.0.0/12', '1.1.1.1'] });
      await opened.setPlatformAddresses(['10.9.9.9', '192.0.2.2']);
      const open80 = ['192.168.9.9', '100.64.0.9', '93.184.216.34', '192.0.2.1'];
      const closed = ['10.9.9.9', '172.16.0.9', '1.1.1.1', '169.254.169.254', '100.100.100.200', '168.63.129.16', '192.0.2.2'];
      const own = ['198.18.7.7', '198.18.0.2'];
      const network = await opened.attach();
      const answers = await tcp(network, ...[...open80, ...closed].map((address) => `${address}:80`), '10.9.9.9:9092');
      for (const address of open80) expect(answers[`${address}:80`]).toBe(`tcp ${address}`);
      for (const address of closed) expect([address, answers[`${address}:80`]]).toEqual([address, 'EHOSTUNREACH']);
      expect(answers['10.9.9.9:9092']).toBe('EHOSTUNREACH');
      expect((await tcp(network, `${own[1]}:80`))[`${own[1]}:80`]).toBe('EHOSTUNREACH');
    });

    it('closes an address that becomes one of the platform', async () => {
      const opened = await open();
      const network = await opened.attach();
      expect((await tcp(network, '1.1.1.1:80'))['1.1.1.1:80']).toBe('tcp 1.1.1.1');
      await opened.setPlatformAddresses(['1.1.1.1', '10.0.0.1']);
      expect((await tcp(network, '1.1.1.1:80'))['1.1.1.1:80']).toBe('EHOSTUNREACH');
      await opened.setPlatformAddresses([]);
      expect((await tcp(network, '1.1.1.1:80'))['1.1.1.1:80']).toBe('tcp 1.1.1.1');
    });

    it('opens nothing but allowed networks with the policy `allowed`', async () => {
      const network = await (await open({ policy: 'allowed', allowed: ['10.9.0.0/16'] })).attach();
      expect(await tcp(network, '10.9.9.9:80', '1.1.1.1:80', '192.168.9.9:80')).toEqual({
        '10.9.9.9:80': 'tcp 10.9.9.9',
        '1.1.1.1:80': 'EHOSTUNREACH',
        '192.168.9.9:80': 'EHOSTUNREACH',
      });
    });

    it('carries UDP by the same rules', async () => {
      const network = await (await open()).attach();
      const program = `
      const { createSocket } = require('node:dgram');
      const heard = [];
      const socket = createSocket('udp4').on('message', (text, { address }) => {
        heard.push(address + ' ' + text);
        if (address === '93.184.216.34') { console.log(JSON.stringify(heard)); process.exit(); }
      });
      for (const address of ['169.254.169.254', '10.9.9.9', '192.0.2.2', '93.184.216.34']) socket.send('a', 80, address);`;
      expect(await inside(network, program)).toEqual(['93.184.216.34 udp a']);
    });

    it('answers names with the resolver of the host', async () => {
      const opened = await open();
      const [nameServer] = /[\d.]+/.exec(opened.resolvConf) ?? [];
      const program = `
      const resolver = new (require('node:dns').Resolver)();
      resolver.setServers(['${nameServer}']);
      resolver.resolve4('a.example', (error, addresses) => console.log(JSON.stringify([error?.code ?? '', addresses])));`;
      expect(await inside(await opened.attach(), program)).toEqual(['', ['93.184.216.34']]);
    });

    it('keeps instances apart', async () => {
      const opened = await open();
      const [one, other] = await Promise.all([opened.attach(), opened.attach()]);
      const addressOf = `require('node:os').networkInterfaces().eth0[0].address`;
      const server = spawn(other.enter[0] ?? '', [
        ...other.enter.slice(1),
        process.execPath,
        '-e',
        `require('node:net').createServer((socket) => socket.end('instance')).listen(80, '0.0.0.0', () => console.log(${addressOf}));`,
      ]);
      const address = await new Promise<string>((resolve) => server.stdout.once('data', (data) => resolve(String(data).trim())));
      expect(await tcp(other, `${address}:80`)).toEqual({ [`${address}:80`]: 'instance' });
      // Every instance has this address, each in a network of its own.
      expect(await tcp(one, `${address}:80`)).toEqual({ [`${address}:80`]: 'ECONNREFUSED' });
      server.kill('SIGKILL');
    });

    it('bounds the connections of an instance, and leaves those of others alone', async () => {
      const opened = await open();
      const [greedy, modest] = await Promise.all([opened.attach(), opened.attach()]);
      // Sockets that wait for an end of the other side stay in use. It asks for 30; 20 are allowed.
      const program = `
      const { connect } = require('node:net');
      const one = () => new Promise((resolve) => {
        const socket = connect({ port: 80, host: '1.1.1.1', allowHalfOpen: true });
        socket.on('connect', () => resolve('open')).on('error', (error) => resolve(error.code));
      });
      (async () => { const all = []; for (let n = 0; n < 30; n++) all.push(await one()); console.log(JSON.stringify(all)); process.exit(); })();`;
      const [all, other] = await Promise.all([inside<string[]>(greedy, program), tcp(modest, '1.1.1.1:80')]);
      expect(all.filter((how) => how === 'open')).toHaveLength(limits.connectionsMax);
      expect(all.at(-1)).toBe('EHOSTUNREACH');
      expect(other).toEqual({ '1.1.1.1:80': 'tcp 1.1.1.1' });
    });

    it('has a network ready, makes each network anew, and removes the old ones', async () => {
      const opened = await open({ spareMax: 2 });
      const took: number[] = [];
      for (let turn = 0; turn < 5; turn++) {
        const start = performance.now();
        const network = await opened.attach();
        took.push(performance.now() - start);
        expect(await tcp(network, '1.1.1.1:80')).toEqual({ '1.1.1.1:80': 'tcp 1.1.1.1' });
        network.release();
      }
      expect(Math.min(...took)).toBeLessThan(15);
      const holder = holderOf(await opened.attach());
      await eventually(() => readdirSync(`/proc/${holder}/root/run/netns`).length <= 3);
    });

    it('closes the connections of an instance with its network', async () => {
      const opened = await open();
      const network = await opened.attach();
      const [slirp = 0] = slirpsOf(network);
      const hold = `require('node:net').connect({ port: 80, host: '1.1.1.1', allowHalfOpen: true }, () => console.log('1'));`;
      const command = [...network.enter, process.execPath, '-e', hold];
      const holder = spawn(command[0] ?? '', command.slice(1));
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      expect(readdirSync(`/proc/${slirp}/fd`).length).toBeGreaterThan(5);
      holder.kill('SIGKILL');
      network.release();
      await eventually(() => !isRunning(slirp));
    });

    it('tells when an instance lost its link, and gives no other instance that network', async () => {
      const interruptions: string[] = [];
      const opened = await open({ onInterrupted: (reason) => interruptions.push(reason) });
      const network = await opened.attach();
      for (const pid of slirpsOf(network)) process.kill(pid, 'SIGKILL');
      await eventually(() => interruptions.length > 0);
      expect(interruptions).toEqual(['SIGKILL']);
      expect((await tcp(network, '1.1.1.1:80'))['1.1.1.1:80']).not.toBe('tcp 1.1.1.1');
      expect(await tcp(await opened.attach(), '1.1.1.1:80')).toEqual({ '1.1.1.1:80': 'tcp 1.1.1.1' });
    });

    it('works in a user namespace, as for an executor that is not root', async () => {
      const opened = await open({ asUser: true });
      const network = await opened.attach();
      expect(network.enter).toContain('--preserve-credentials');
      expect(await tcp(network, '1.1.1.1:80', '169.254.169.254:80', '192.0.2.2:80')).toEqual({
        '1.1.1.1:80': 'tcp 1.1.1.1',
        '169.254.169.254:80': 'EHOSTUNREACH',
        '192.0.2.2:80': 'EHOSTUNREACH',
      });
    });

    it('ends all its processes when it is closed', async () => {
      const opened = await open();
      const network = await opened.attach();
      const slirps = slirpsOf(network);
      expect(slirps).toHaveLength(1);
      opened.close();
      await eventually(() => [...slirps, holderOf(network)].every((pid) => !isRunning(pid)));
    });

    it('tells when its holder was lost', async () => {
      const lost = new Promise<string>((resolve) => {
        void open({ onLost: resolve }).then(async (opened) => process.kill(holderOf(await opened.attach()), 'SIGKILL'));
      });
      expect(await lost).toBe('SIGKILL');
      await expect(networks?.attach().then(async () => networks?.attach())).rejects.toThrow('the shell has ended');
    });
  },
);

/** The process that holds the network. */
function holderOf({ enter }: InstanceNetwork): number {
  return Number(/--net=\/proc\/(\d+)\//.exec(enter.join(' '))?.[1]);
}

/** Ids of the slirp4netns processes of a network. */
function slirpsOf({ enter }: InstanceNetwork): readonly number[] {
  const network = enter.find((word) => word.startsWith('--net='))?.slice('--net='.length) ?? '';
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words[0] === 'slirp4netns' && words.includes(network);
      } catch {
        return false;
      }
    })
    .map(Number);
}
