/** The platform as an attacker may know it who has read its code and listed its processes. */
export interface Knowledge {
  readonly dataDir: string;
  readonly executorPid: number;
  /** The processes of all services, of `npm start`, and of another function. */
  readonly pids: readonly number[];
  /** Ports on which the services and the broker listen on 127.0.0.1. */
  readonly ports: readonly number[];
  readonly brokers: string;
  readonly prefix: string;
  /** Addresses of this machine, and one at which cloud providers give out credentials. */
  readonly addresses: readonly string[];
  /** A text that only another function's code holds. */
  readonly foreignSecret: string;
}

/** One attack from inside a function. */
export interface Attack {
  readonly kind: string;
  readonly name: string;
  /**
   * The body of an async function `(know, tried)`. `tried(what, act)` calls `act`. The attack
   * succeeds if that resolves to anything but undefined, and is refused if it rejects.
   */
  readonly body: string;
  /** Code before the handler, which runs when the instance starts. */
  readonly atLoad?: string;
  /** Levels at which it must be contained. Default: both. */
  readonly levels?: readonly ['kernel'];
  /** It succeeds in a process without walls, and does no harm there: a test makes sure of that. */
  readonly isProvable?: true;
  /** The attack ends its own instance: every answer counts as contained. */
  readonly mayEnd?: true;
}

/** The source of the function that makes an attack. It answers a list of what succeeded. */
export function sourceOf({ body, atLoad = '' }: Attack): string {
  return `const fs = require('fs'), net = require('net'), http = require('http'), dgram = require('dgram');
${atLoad}
exports.handler = async (know) => {
  const succeeded = [];
  const tried = async (what, act) => {
    try {
      const limit = new Promise((resolve) => setTimeout(resolve, 1500).unref());
      const got = await Promise.race([Promise.resolve().then(act), limit]);
      if (got !== undefined) succeeded.push(what + ': ' + String(got).slice(0, 200));
    } catch {}
  };
  const connects = (port, host) => new Promise((resolve, reject) => {
    const socket = net.connect({ port, host });
    socket.once('connect', () => { socket.destroy(); resolve('connected'); });
    socket.once('error', reject);
  });
  ${body}
  return succeeded;
};`;
}
