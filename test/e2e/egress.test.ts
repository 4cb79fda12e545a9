/**
 * Goal: function code reaches what the operator allows and nothing of the platform, whatever it
 * tries. Method: an installation behind walls of the kernel; functions with real sockets; a pretend
 * internet that this machine has a route to.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { isRunning } from '../../apps/executor/testing/processes.ts';
import { PretendInternet } from '../pretend-host.ts';
import { Installation } from './installation.ts';

const run = promisify(execFile);
const missing = await PretendInternet.missing();

/** Tries what its event asks for, and returns how each try ended. */
const source = `
  const { connect, createServer } = require('node:net');
  const tcp = (target) => new Promise((resolve) => {
    const at = target.lastIndexOf(':');
    const socket = connect(Number(target.slice(at + 1)), target.slice(0, at));
    const ends = (how) => { socket.destroy(); resolve([target, how]); };
    socket.setTimeout(2000, () => ends('timeout'));
    socket.on('data', (data) => ends(String(data))).on('error', (error) => ends(error.code)).on('end', () => ends('end'));
  });
  const udp = (address, port) => new Promise((resolve) => {
    const socket = require('node:dgram').createSocket('udp4');
    const ends = (how) => { socket.close(); resolve(how); };
    socket.on('message', (text) => ends(String(text))).on('error', (error) => ends(error.code)).send('a', port, address);
    setTimeout(() => ends('timeout'), 1000);
  });
  let server;
  exports.handler = async (event) => {
    const address = require('node:os').networkInterfaces().eth0?.[0].address;
    if (event.listen) await new Promise((done) => { server ??= createServer((socket) => socket.end('instance')); server.listen(8080, '0.0.0.0', done); });
    const tried = Object.fromEntries(await Promise.all((event.tcp ?? []).map(tcp)));
    return { address, tried, ...(event.udp ? { udp: await udp(...event.udp) } : {}) };
  };`;

interface Tried {
  readonly address?: string;
  readonly tried: Readonly<Record<string, string>>;
  readonly udp?: string;
}

/** Addresses of this machine besides loopback. */
const ownAddresses = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .filter(({ family, internal }) => family === 'IPv4' && !internal)
  .map(({ address }) => address);

/** Process ids by program and parent. */
function children(parent: number, program: string): readonly number[] {
  const all = readdirSync('/proc').filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.includes(`(${program})`) && stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(parent);
    } catch {
      return false;
    }
  });
  return all.map(Number);
}

describe.skipIf(missing !== undefined)(`functions${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let internet: PretendInternet;
  let everywhere: Server;
  let port: number;
  const installations: Installation[] = [];

  beforeAll(async () => {
    internet = await PretendInternet.start('198.51.100.1/30', async (pid) => {
      await run('ip', ['link', 'add', 'sendoff-test', 'type', 'veth', 'peer', 'name', 'host', 'netns', String(pid)]);
      await run('ip', ['addr', 'add', '198.51.100.2/30', 'dev', 'sendoff-test']);
      await run('ip', ['link', 'set', 'sendoff-test', 'up']);
    });
    for (const address of ['93.184.216.34', '10.9.9.9']) await run('ip', ['route', 'replace', address, 'via', '198.51.100.1']);
    everywhere = createServer((socket) => socket.end('host'));
    await new Promise<void>((resolve) => everywhere.listen(0, '0.0.0.0', resolve));
    port = (everywhere.address() as { port: number }).port;
  });
  afterAll(async () => {
    await Promise.all(installations.map(async (installation) => installation.stop()));
    internet.close();
    everywhere.close();
  });

  async function start(env: Record<string, string>): Promise<Installation> {
    const isolation = { FUNCTION_ISOLATION: 'kernel', FUNCTION_EGRESS: 'public' };
    const installation = await Installation.start({ brokers: inject('kafkaBrokers'), env: { ...isolation, ...env } });
    installations.push(installation);
    for (const name of ['one', 'other']) await installation.client.createFunction(name, source, { timeout: 30 });
    return installation;
  }
  const ask = async ({ client }: Installation, name: string, event: object) =>
    client.must<Tried>('POST', `/fgs/functions/${name}/invocations`, event);

  it('reach public addresses, and neither the host, the platform, metadata services nor private networks', async () => {
    const installation = await start({});
    const platform = [new URL(installation.url).host, ...installation.brokers.split(',')];
    const ports = [port, ...platform.map((host) => Number(host.split(':').at(-1)))];
    const refused = [
      ...['127.0.0.1', ...ownAddresses].flatMap((address) => ports.map((each) => `${address}:${each}`)),
      ...['10.9.9.9:80', '169.254.169.254:80', '100.100.100.200:80', '198.51.100.1:80', '[fd00:ec2::254]:80', '[fe80::1]:80'],
    ];
    const targets = ['93.184.216.34:80', ...refused].map((target) => target.replaceAll(/[[\]]/g, ''));
    const { tried, udp } = await ask(installation, 'one', { tcp: targets, udp: ['93.184.216.34', 80] });
    const { '93.184.216.34:80': reached, ...others } = tried;
    expect([reached, udp]).toEqual(['tcp 93.184.216.34', 'udp a']);
    expect(Object.keys(others)).toHaveLength(refused.length);
    expect(Object.entries(others).filter(([, how]) => !/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EINVAL)$/.test(how))).toEqual([]);
    expect((await ask(installation, 'one', { udp: ['10.9.9.9', 80] })).udp).not.toBe('udp a');
  });

  it('reach no other instance', async () => {
    const [installation] = installations;
    if (installation === undefined) throw new Error('the installation did not start');
    const { address } = await ask(installation, 'other', { listen: true });
    expect((await ask(installation, 'other', { tcp: [`${address}:8080`] })).tried).toEqual({ [`${address}:8080`]: 'instance' });
    // Every instance has this address, each in a network of its own.
    expect((await ask(installation, 'one', { tcp: [`${address}:8080`] })).tried).toEqual({ [`${address}:8080`]: 'ECONNREFUSED' });
  });

  it('have a network again after their executor was killed, and nothing of the old one is left', async () => {
    const [installation] = installations;
    const pid = await installation?.pidOf('executor');
    if (installation === undefined || pid === undefined) throw new Error('the executor does not run');
    const old = [...children(pid, 'slirp4netns'), ...children(pid, 'sh')];
    // One link for each instance and each spare network, and the holder of all networks.
    expect(old.length).toBeGreaterThanOrEqual(3);
    await installation.killService('executor');
    await eventually(() => old.every((each) => !isRunning(each)));
    await eventually(async () => {
      const { body } = await installation.client.call<Tried>('POST', '/fgs/functions/one/invocations', {
        tcp: ['93.184.216.34:80'],
      });
      return body.tried?.['93.184.216.34:80'] === 'tcp 93.184.216.34';
    });
  });

  it('reach only allowed networks, and none of the denied ones, as the operator chooses', async () => {
    const installation = await start({
      ...{
        FUNCTION_EGRESS: 'allowed',
        FUNCTION_NETWORKS_ALLOWED: '10.9.0.0/16,198.51.100.0/24',
        FUNCTION_NETWORKS_DENIED: '198.51.100.1',
      },
    });
    const targets = ['93.184.216.34:80', '10.9.9.9:80', '198.51.100.1:80', `198.51.100.2:${port}`];
    expect((await ask(installation, 'one', { tcp: targets })).tried).toEqual({
      '93.184.216.34:80': 'EHOSTUNREACH',
      '10.9.9.9:80': 'tcp 10.9.9.9',
      '198.51.100.1:80': 'EHOSTUNREACH',
      [`198.51.100.2:${port}`]: 'EHOSTUNREACH',
    });
  });

  it('have no network at all if the operator says so', async () => {
    const installation = await start({ FUNCTION_EGRESS: 'none' });
    const { address, tried } = await ask(installation, 'one', { tcp: ['93.184.216.34:80', `127.0.0.1:${port}`] });
    expect([address, tried]).toEqual([undefined, { '93.184.216.34:80': 'ENETUNREACH', [`127.0.0.1:${port}`]: 'ECONNREFUSED' }]);
  });
});
