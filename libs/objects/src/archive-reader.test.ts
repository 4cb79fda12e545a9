import { createHash, randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { aZip, zipOf } from '#testing';
import { ArchiveReader, sharedBytes } from './archive-reader.ts';

const reader = new ArchiveReader();
afterAll(async () => reader.close());

const field = ['func_code', 'file'] as const;
const open = async (body: unknown) => reader.openBody(Buffer.from(JSON.stringify(body)), field, 1_000);

describe('ArchiveReader.openBody', () => {
  it('takes the file out of the body and leaves a placeholder', async () => {
    const opened = await open({ code_type: 'zip', func_code: { file: Buffer.from('bytes').toString('base64'), link: 'l' } });
    expect(opened).toEqual({
      kind: 'opened',
      json: '{"code_type":"zip","func_code":{"file":"(file)","link":"l"}}',
      file: Buffer.from('bytes'),
    });
  });

  it.each<[what: string, body: unknown]>([
    ['no such field', { code_type: 'zip' }],
    ['no object there', { func_code: 'text' }],
    ['no text in the field', { func_code: { file: 7 } }],
    ['an inherited name', { constructor: {} }],
    ['an array', []],
    ['null', null],
  ])('leaves a body with %s as it is', async (_what, body) => {
    expect(await open(body)).toEqual({ kind: 'opened', json: JSON.stringify(body), file: undefined });
  });

  it.each<[what: string, body: Buffer]>([
    ['broken JSON', Buffer.from('{')],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['nothing', Buffer.alloc(0)],
  ])('refuses %s', async (_what, body) => {
    expect(await reader.openBody(body, field, 1_000)).toEqual({ kind: 'not-json' });
  });

  it.each<[what: string, more: string, kind: string]>([
    ['opens a body whose rest has the largest size', 'x'.repeat(959), 'opened'],
    ['refuses a body whose rest is 1 byte larger', 'x'.repeat(960), 'rest-too-large'],
    ['counts bytes, not characters', 'é'.repeat(480), 'rest-too-large'],
  ])('%s', async (_what, more, kind) => {
    expect(await open({ more, func_code: { file: 'AAAA'.repeat(1_000) } })).toMatchObject({ kind });
  });

  it('refuses a large body without a file', async () => {
    expect(await open({ more: 'x'.repeat(1_000) })).toEqual({ kind: 'rest-too-large' });
  });

  it('refuses a body whose rest is nested without end', async () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const body = Buffer.from(`{"func_code":{"file":"AAAA"},"more":${deep}}`);
    expect(await reader.openBody(body, field, 1_000_000)).toEqual({ kind: 'too-deep' });
  });

  it.each(['not Base64!', 'AA==A', '{}'])('refuses %s as a file', async (file) => {
    expect(await open({ func_code: { file } })).toEqual({ kind: 'not-base64' });
  });

  it('takes both alphabets and broken lines', async () => {
    expect(await open({ func_code: { file: '-_\n+/ ==' } })).toMatchObject({ file: Buffer.from('+/+/', 'base64') });
  });
});

describe('ArchiveReader', () => {
  it('hashes, inspects and unpacks bytes in shared memory as well as others', async () => {
    const archive = zipOf({ 'index.js': 'code', 'lib/a.js': 'more' });
    const inShared = sharedBytes(archive.length);
    archive.copy(inShared);
    for (const bytes of [archive, inShared]) {
      expect(await reader.sha256Of(bytes)).toBe(createHash('sha256').update(archive).digest('hex'));
      expect(await reader.inspect(bytes)).toEqual({
        verdict: { kind: 'sound', files: 2, unpackedBytes: 8 },
        digest: createHash('sha512').update(archive).digest('hex'),
        md5: createHash('md5').update(archive).digest('hex'),
      });
      const files = new Map([
        ['index.js', Buffer.from('code')],
        ['lib/a.js', Buffer.from('more')],
      ]);
      expect(await reader.readFiles(bytes, 8)).toEqual({ kind: 'read', files });
    }
  });

  it('says why it refuses an archive', async () => {
    const refused = { kind: 'refused', reason: expect.stringContaining('invalid relative path') };
    const archive = aZip([{ name: '../a' }]);
    expect(await reader.inspect(archive)).toMatchObject({ verdict: refused });
    expect(await reader.readFiles(archive, 100)).toEqual(refused);
    expect(await reader.readFiles(zipOf({ a: '12345' }), 4)).toMatchObject({ kind: 'refused' });
  });

  it('leaves the event loop free while it inspects 40 MB', async () => {
    const archive = aZip([{ name: 'random.bin', data: randomBytes(40_000_000), method: 0 }]);
    const bytes = sharedBytes(archive.length);
    archive.copy(bytes);
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns++;
      if (!isDone) setImmediate(turn);
    };
    turn();
    await reader.inspect(bytes);
    isDone = true;
    // On the event loop the hashes alone would take 2 turns.
    expect(turns).toBeGreaterThan(100);
  });
});
