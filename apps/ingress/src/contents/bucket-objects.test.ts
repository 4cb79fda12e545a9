/**
 * Goal: callers who may know of a bucket list and read its objects, and nobody else does. No
 * request leads out of the bucket. Method: a whole ingress over a folder of objects. A store that
 * refuses or fails is a stand-in behind the port.
 */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformError } from '#contracts';
import type { BucketReader } from '#objects';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
const path = '/sendoff/buckets/results/objects';
const contentOf = (key: string, more = '') => `${path}/content?key=${encodeURIComponent(key)}${more}`;

async function put(name: string, content: string | Buffer): Promise<void> {
  const file = join(app.dataDir, 'objects', name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

beforeAll(async () => {
  app = await IngressApp.start();
  for (const bucket of ['results', 'empty']) await app.must('PUT', `/sendoff/buckets/${bucket}`);
  await app.must('PUT', '/sendoff/agencies/reader', { grants: [{ type: 'OBS', resource: 'results' }] });
  await app.must('PUT', '/sendoff/agencies/other', { grants: [{ type: 'OBS', resource: 'empty' }] });
  for (const day of ['09', '10', '11']) await put(`results/told/2026/11/${day}/r.json`, `{"day":"${day}"}`);
  await put('results/page.html', '<script>alert(1)</script>');
  await put('undeclared/x', 'of nobody');
  await put('../secret', 'of the installation');
});
afterAll(async () => app?.close());

describe('the objects of a bucket', () => {
  const keysOf = (body: { objects: readonly { key: string }[] }) => body.objects.map(({ key }) => key);

  it('are listed, the last key first, with size and time', async () => {
    const { objects, next_marker: next } = await app.must('GET', `${path}?prefix=told/`);
    expect(objects[0]).toEqual({
      key: 'told/2026/11/11/r.json',
      bytes: 12,
      written_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect(keysOf({ objects })).toEqual(['11', '10', '09'].map((day) => `told/2026/11/${day}/r.json`));
    expect(next).toBe('');
  });

  it('come in pages that the marker joins', async () => {
    const first = await app.must('GET', `${path}?limit=3`);
    const rest = await app.must('GET', `${path}?limit=3&marker=${encodeURIComponent(first.next_marker)}`);
    expect([...keysOf(first), ...keysOf(rest)]).toEqual(keysOf(await app.must('GET', path)));
    expect([first.next_marker, rest.next_marker]).toEqual(['told/2026/11/09/r.json', '']);
  });

  it('are none in a bucket that nothing was written to', async () => {
    expect(await app.must('GET', '/sendoff/buckets/empty/objects')).toEqual({ objects: [], next_marker: '' });
  });

  it.each(['../', '../../', 'told/../../undeclared/', '/'])('are none behind the prefix %s', async (prefix) => {
    expect((await app.must('GET', `${path}?prefix=${encodeURIComponent(prefix)}`)).objects).toEqual([]);
  });

  it.each([
    ['limit=-1', 'limit must be a whole number'],
    ['limit=x', 'limit must be a whole number'],
    [`prefix=${'x'.repeat(1_025)}`, 'prefix has at most 1024 characters'],
    [`marker=${'x'.repeat(1_025)}`, 'marker has at most 1024 characters'],
  ])('are not listed for %s', async (query, message) => {
    const { status, body } = await app.call('GET', `${path}?${query}`);
    expect([status, body]).toEqual([400, { error_code: 'FSS.1001', error_msg: expect.stringContaining(message) }]);
  });

  it.each(['undeclared', '..', '.expires', '%2E%2E', 'results%2Ftold'])(
    'are refused of %s, which is no bucket here',
    async (name) => {
      expect(await app.refusal('GET', `/sendoff/buckets/${name}/objects`)).toEqual([404, 'FSS.0404']);
      expect(await app.refusal('GET', `/sendoff/buckets/${name}/objects/content?key=x`)).toEqual([404, 'FSS.0404']);
    },
  );
});

describe('an object', () => {
  it('is read as a file that no browser shows as a page', async () => {
    const { status, headers, body } = await app.call('GET', contentOf('page.html'));
    expect([status, body]).toEqual([200, '<script>alert(1)</script>']);
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="page.html"',
      'x-content-type-options': 'nosniff',
      'x-sendoff-object-bytes': '25',
    });
  });

  it('is read byte for byte, or only its beginning', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 195]);
    await put('results/bytes', bytes);
    expect(await app.download(contentOf('bytes'))).toEqual(bytes);
    expect(await app.download(contentOf('bytes', '&first_bytes=2'))).toEqual(bytes.subarray(0, 2));
  });

  it('has a name that means nothing to a header or a shell', async () => {
    await put('results/a"; $(x)\n.json', '1');
    const { headers } = await app.call('GET', contentOf('a"; $(x)\n.json'));
    expect(headers['content-disposition']).toBe('attachment; filename="a_____x__.json"');
  });

  it.each([
    '../secret',
    '../../secret',
    '../undeclared/x',
    'told/../page.html',
    './page.html',
    '/page.html',
    'told',
    'told/',
    'link',
    'nobody\0',
  ])('is not found under the key %j', async (key) => {
    await symlink(join(app.dataDir, 'secret'), join(app.dataDir, 'objects/results/link')).catch(() => undefined);
    expect(await app.refusal('GET', contentOf(key))).toEqual([404, 'FSS.0404']);
  });

  it('needs a key, and is refused whole if it is too large', async () => {
    expect(await app.refusal('GET', `${path}/content`)).toEqual([400, 'FSS.1001']);
    expect(await app.refusal('GET', contentOf('page.html', '&first_bytes=0'))).toEqual([400, 'FSS.1001']);
    await put('results/large', Buffer.alloc(16 * 1_048_576 + 1));
    expect(await app.refusal('GET', contentOf('large'))).toEqual([413, 'FSS.0413']);
    expect(await app.download(contentOf('large', '&first_bytes=5'))).toHaveLength(5);
  });
});

describe('a limited key', () => {
  const keyWith = async (agency: string, rights = ['read']) => {
    const given = { rights, functions: ['a*'], agencies: [agency], topics: [] };
    const { access_key: accessKey, secret_key: secretKey } = await app.must('POST', '/sendoff/credentials', given);
    return { accessKey, secretKey };
  };
  const answersTo = async (key: { accessKey: string; secretKey: string }) =>
    Promise.all([path, contentOf('page.html')].map(async (url) => (await app.signed('GET', url, undefined, key)).status));

  it('reads no objects, whatever its agencies grant: other functions wrote some of them', async () => {
    expect(await answersTo(await keyWith('reader'))).toEqual([403, 403]);
    expect(await answersTo(await keyWith('reader', ['invoke', 'manage']))).toEqual([403, 403]);
  });
});

describe('an object store', () => {
  /** An ingress whose bucket reader is the given one. */
  const answerOver = async (buckets: Partial<BucketReader>, url = path) => {
    const other = await IngressApp.start({ buckets: { isOfPlatform: () => false, ...buckets } as BucketReader });
    await other.must('PUT', '/sendoff/buckets/results');
    const { status, body } = await other.call('GET', url);
    await other.close();
    return [status, body.error_code, body.error_msg];
  };

  it('that refuses the ingress is told, with the right that is missing', async () => {
    const refused = async () => Promise.resolve({ kind: 'refused', code: 'AccessDenied' } as const);
    for (const url of [path, contentOf('x')])
      expect(await answerOver({ list: refused, read: refused }, url)).toEqual([
        503,
        'FSS.0503',
        'the object store refuses the ingress (AccessDenied): let the account of its S3_ACCESS_KEY list and read bucket results',
      ]);
  });

  it('without the bucket, or with too many names in it, says what to do', async () => {
    expect(await answerOver({ list: async () => Promise.resolve({ kind: 'no-bucket' }) })).toEqual([
      404,
      'FSS.0404',
      'the object store has no bucket results: create it there',
    ]);
    expect(await answerOver({ list: async () => Promise.resolve({ kind: 'too-many' }) })).toEqual([
      400,
      'FSS.1001',
      'too many names begin with this prefix: ask with a longer one',
    ]);
  });

  it('that does not answer is told as such', async () => {
    const fails = async () =>
      Promise.reject(new PlatformError('OBJECT_STORE_UNAVAILABLE', { details: { reason: 'secret host' } }));
    const message = 'the object store does not answer just now; try again';
    for (const url of [path, contentOf('x')])
      expect(await answerOver({ list: fails, read: fails }, url)).toEqual([503, 'FSS.0503', message]);
  });

  it('shows nothing of a bucket with code or payloads of functions', async () => {
    for (const url of [path, contentOf('x')])
      expect((await answerOver({ isOfPlatform: () => true }, url)).slice(0, 2)).toEqual([403, 'FSS.0403']);
  });

  it('is asked by few at once', async () => {
    const gate = Promise.withResolvers<void>();
    const list = async () => gate.promise.then(() => ({ kind: 'page', objects: [] }) as const);
    const other = await IngressApp.start({
      buckets: { isOfPlatform: () => false, list } as Partial<BucketReader> as BucketReader,
    });
    await other.must('PUT', '/sendoff/buckets/results');
    const waiting = Array.from({ length: 8 }, async () => other.call('GET', path));
    const tooMany = await other.call('GET', path);
    expect([tooMany.status, tooMany.headers['retry-after']]).toEqual([429, '1']);
    gate.resolve();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect((await other.call('GET', path)).status).toBe(200);
    await other.close();
  });
});
