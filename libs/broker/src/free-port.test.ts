/** Goal: no two programs are told the same port. Method: many ports, in two processes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { freePort } from './free-port.ts';

const runFile = promisify(execFile);

it('hands no port out twice, and none of those that outgoing connections take', async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, async () => freePort()));
  expect(new Set(ports).size).toBe(300);
  expect(Math.max(...ports)).toBeLessThan(30_000);
});

it.runIf(process.platform === 'linux')('hands out no port of another process', async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, async () => freePort()));
  const program = `
    const { freePort } = await import(${JSON.stringify(import.meta.resolve('./free-port.ts'))});
    const ports = [];
    for (let n = 0; n < 500; n++) ports.push(await freePort());
    console.log(JSON.stringify(ports));`;
  const { stdout } = await runFile(process.execPath, ['--input-type=module', '-e', program]);
  const others = JSON.parse(stdout) as readonly number[];
  expect(others).toHaveLength(500);
  expect(others.filter((port) => ports.includes(port))).toEqual([]);
});
