/**
 * Goal: a first start creates the agencies of its file, or ends with the error in the file.
 * Method: a file, and an ingress that reads it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';
import { agenciesOf } from './agencies-file.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-agencies-'));
  file = join(folder, 'agencies.json');
});
afterAll(async () => rm(folder, { recursive: true }));

const grants = [{ type: 'OBS', resource: '*' }];

describe('the file of agencies', () => {
  it('creates missing agencies, and does not change the others', async () => {
    await writeFile(file, JSON.stringify({ results: { grants } }));
    const app = await IngressApp.start({ env: { SENDOFF_AGENCIES_FILE: file } });
    expect((await app.must('GET', '/sendoff/agencies')).agencies).toEqual([{ name: 'results', grants }]);
    await app.must('PUT', '/sendoff/agencies/results', { grants: [] });
    const again = await IngressApp.start({ gateway: app.kafka, env: { SENDOFF_AGENCIES_FILE: file } });
    expect((await again.must('GET', '/sendoff/agencies')).agencies).toEqual([{ name: 'results', grants: [] }]);
    await again.close();
    await app.close();
  });

  it.each<[what: string, text: string, reason: string]>([
    ['does not exist', '', 'ENOENT'],
    ['is not JSON', '{', 'JSON'],
    ['is a list', JSON.stringify([{ grants }]), 'must hold a JSON object'],
    ['is null', 'null', 'must hold a JSON object'],
    ['is a number', '5', 'must hold a JSON object'],
    ['has a malformed name', JSON.stringify({ 'a b': { grants } }), 'not a name for agencies: a b'],
    ['has an agency without grants', JSON.stringify({ a: {} }), 'grants'],
    ['has a grant of an unknown type', JSON.stringify({ a: { grants: [{ type: 'S3', resource: '*' }] } }), 'type'],
    [
      'has a grant that matches nothing',
      JSON.stringify({ a: { grants: [{ type: 'SMN', resource: 'news' }] } }),
      'can match no topic',
    ],
    ['has an unknown field', JSON.stringify({ a: { grants, colour: 1 } }), 'colour is not a field'],
  ])('that %s ends the start', async (_what, text, reason) => {
    await rm(file, { force: true });
    if (text !== '') await writeFile(file, text);
    await expect(agenciesOf(file, { region: 'local', project: 'p1' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { reason: expect.stringContaining(reason) },
    });
  });
});
