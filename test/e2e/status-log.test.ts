/**
 * Goal: for functions that ask for it, every change of status is a line in the group and stream of
 * the project. Method: one installation; the lines are read from the folder, the switches are set
 * through the API.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { Installation } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
});
afterAll(async () => installation?.stop());

it('the status log has one line of six fields for each change of status, in order', async () => {
  const { client, dataDir } = installation;
  await client.must('POST', '/fgs/functions/enable-async-status-logs');
  const detail = await client.must<{ group_name: string; stream_name: string }>('GET', '/fgs/functions/async-status-log-detail');
  expect(detail).toMatchObject({ group_name: 'function-async-log-group-p1', stream_name: 'function-async-log-stream-p1' });
  const source =
    'exports.handler = async () => { await new Promise((resolve) => setTimeout(resolve, 600)); throw new Error("a|b"); };';
  const urn = await client.createFunction('logged', source, { xrole: '' });
  await client.setPolicy('logged', { max_async_retry_attempts: 0, enable_async_status_log: true });
  await client.createFunction('silent', source, { xrole: '' });
  await client.ended('silent', await client.invoke('silent'));
  const requestId = await client.invoke('logged');
  const record = await client.ended('logged', requestId);
  const folder = join(dataDir, 'status-log', detail.group_name, detail.stream_name);
  const lines = await eventually(async () => {
    const files = await readdir(folder);
    const text = (await Promise.all(files.map(async (file) => readFile(join(folder, file), 'utf8')))).join('');
    const all = text.trim().split('\n');
    return all.length >= 3 ? all : undefined;
  });
  expect(lines.map((line) => line.split('|').length)).toEqual([6, 6, 6]);
  expect(lines.map((line) => line.split('|').toSpliced(3, 1))).toEqual([
    [urn, requestId, '0', '0', ''],
    [urn, requestId, '1', '0', ''],
    [urn, requestId, '3', '4202', 'a\\u{7c}b'],
  ]);
  expect(record.error_message).toBe('a|b');
});
