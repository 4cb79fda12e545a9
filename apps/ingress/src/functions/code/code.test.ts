/**
 * Goal: the ingress checks the code of a zip function, stores it outside the registry, and returns
 * it.
 * Method: a whole ingress over the in-memory broker, with a folder as its object store. Large
 * bodies go over a real socket.
 */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aZip, eventually, zipOf } from '#testing';
import { functionBody, IngressApp, inlineCode } from '../../../testing/ingress-app.ts';
import { sdkDate } from '../../../../../test/request-signer.ts';

let app: IngressApp;
let port: number;
beforeAll(async () => {
  app = await IngressApp.start();
  port = await app.listen();
});
afterAll(async () => app.close());

const zipped = (archive: Buffer) => ({ code_type: 'zip', func_code: { file: archive.toString('base64') } });
const sha512 = (bytes: Buffer) => createHash('sha512').update(bytes).digest('hex');
const digests = async () => {
  const found: string[] = [];
  for await (const { digest } of app.codeStore.list()) found.push(digest);
  return found;
};

describe('a zip function', () => {
  const archive = zipOf({ 'src/index.js': 'exports.handler = 1;', 'src/lib.js': '' });

  it('is returned with size and digest, and its archive is not in the registry', async () => {
    const created = await app.must(
      'POST',
      '/fgs/functions',
      functionBody('zipped', { ...zipped(archive), handler: 'src/index.handler' }),
    );
    expect(created).toMatchObject({ code_type: 'zip', code_size: archive.length, digest: sha512(archive), code_url: '' });
    expect(await app.codeStore.get(sha512(archive))).toEqual(archive);
    const written = app.recordsOf('registry').map(({ value }) => String(value));
    expect(written.some((text) => text.includes(archive.toString('base64').slice(0, 40)))).toBe(false);
  });

  it('has a link that returns its archive to authenticated callers only', async () => {
    await app.createFunction('linked', { ...zipped(archive), handler: 'src/index.handler' });
    const shown = await app.must('GET', '/fgs/functions/linked/code');
    expect(shown.func_code.file).toBe('');
    const link = new URL(shown.func_code.link);
    expect(link.pathname).toBe('/v2/p1/sendoff/functions/urn:fss:local:p1:function:default:linked:latest/archive');
    const url = `http://127.0.0.1:${port}${link.pathname}`;
    const answer = await fetch(url, { headers: { 'x-auth-token': IngressApp.token } });
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(archive);
    expect(answer.headers.get('content-type')).toBe('application/zip');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="linked-latest.zip"');
    expect((await fetch(url)).status).toBe(401);
    await app.createFunction('inline');
    expect(await app.refusal('GET', '/sendoff/functions/inline/archive')).toEqual([404, 'FSS.0404']);
    expect(await app.refusal('GET', '/sendoff/functions/nowhere/archive')).toEqual([404, 'FSS.1051']);
  });

  it('keeps the archive of each published version', async () => {
    await app.createFunction('versioned', { ...zipped(archive), handler: 'src/index.handler' });
    const digest = createHash('md5').update(archive).digest('hex');
    await app.must('POST', '/fgs/functions/versioned/versions', { version: 'v1', digest });
    const other = zipOf({ 'src/index.js': 'exports.handler = 2;' });
    const updated = await app.must('PUT', '/fgs/functions/versioned/code', { ...zipped(other), code_filename: 'other.zip' });
    expect(updated).toMatchObject({ digest: sha512(other), code_filename: 'other.zip' });
    expect((await app.must('GET', '/fgs/functions/p1:default:versioned:v1/config')).digest).toBe(sha512(archive));
    const path = '/v2/p1/sendoff/functions/p1:default:versioned:v1/archive';
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-auth-token': IngressApp.token } });
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(archive);
  });

  it('can become an inline function and a zip function again', async () => {
    await app.createFunction('changing', { ...zipped(archive), handler: 'src/index.handler' });
    expect(await app.must('PUT', '/fgs/functions/changing/code', inlineCode('exports.handler = 3;'))).toMatchObject({
      code_type: 'inline',
      code_size: 20,
      func_code: { file: Buffer.from('exports.handler = 3;').toString('base64'), link: '' },
    });
    expect((await app.must('GET', '/fgs/functions/changing/code')).func_code.link).toBe('');
    expect(await app.must('PUT', '/fgs/functions/changing/code', zipped(archive))).toMatchObject({
      code_type: 'zip',
      func_code: { file: '', link: expect.stringContaining(':changing:latest/archive') },
    });
  });

  it('is returned with its file name, dependencies and scaling', async () => {
    const fields = { code_filename: 'a.zip', depend_version_list: ['d'], strategy_config: { concurrency: 3, concurrent_num: 2 } };
    const name = await app.aFunction({ ...zipped(archive), ...fields, handler: 'src/index.handler', gpu_type: 'a' });
    const shown = await app.must('GET', `/fgs/functions/${name}/code`);
    expect(shown).toMatchObject({ ...fields, code_type: 'zip', digest: sha512(archive) });
    expect(shown).not.toHaveProperty('gpu_type');
  });
});

describe('code', () => {
  it.each<[what: string, body: Record<string, unknown>, status: number, code: string]>([
    ['a file that is not a ZIP', zipped(Buffer.from('no zip')), 400, 'FSS.1011'],
    ['a ZIP with a path outside its folder', zipped(zipOf({ '../evil.js': '' })), 400, 'FSS.1011'],
    ['a ZIP with a symbolic link', zipped(aZip([{ name: 'a', data: '/etc/passwd', mode: 0o120777 }])), 400, 'FSS.1011'],
    ['a ZIP with a wrong checksum', zipped(aZip([{ name: 'a', data: 'x', declaredCrc32: 1 }])), 400, 'FSS.1011'],
    ['a zip function without a file', { code_type: 'zip', func_code: {} }, 400, 'FSS.1012'],
    ['an inline function without a file', { code_type: 'inline', func_code: {} }, 400, 'FSS.1012'],
    ['source that is not Base64', { code_type: 'inline', func_code: { file: 'exports.handler = 1;' } }, 400, 'FSS.1012'],
    ['Base64 that continues after its padding', { code_type: 'inline', func_code: { file: 'eA==eA==' } }, 400, 'FSS.1012'],
    ['source that is not UTF-8', { code_type: 'inline', func_code: { file: 'Zf/+' } }, 400, 'FSS.1012'],
    ['a ZIP that is not Base64', { code_type: 'zip', func_code: { file: 'PK\u0003\u0004' } }, 400, 'FSS.1012'],
    ['a code_url with a password', { runtime: 'http', code_type: 'inline', code_url: 'http://a:b@c/' }, 400, 'FSS.1012'],
    ['source over 10 KB', inlineCode('x'.repeat(10_241)), 413, 'FSS.1072'],
    ['code in an object store', { code_type: 'obs', code_url: 'https://bucket.obs/x.zip' }, 400, 'FSS.1006'],
    ['code of an unsupported type', { code_type: 'jar' }, 400, 'FSS.1006'],
    ['code of an unknown type', { code_type: 'gem' }, 400, 'FSS.1006'],
    ['a file that is not a string', { code_type: 'zip', func_code: { file: 1 } }, 400, 'FSS.1012'],
    ['a code_url on this machine', { runtime: 'http', code_type: 'inline', code_url: 'http://localhost:9092' }, 400, 'FSS.1012'],
    ['a code_url in a private network', { runtime: 'http', code_type: 'inline', code_url: 'http://10.0.0.1/' }, 400, 'FSS.1012'],
    ['a code_url of metadata', { runtime: 'http', code_type: 'inline', code_url: 'http://169.254.169.254/' }, 400, 'FSS.1012'],
    ['a code_url that is not an HTTP URL', { runtime: 'http', code_type: 'inline', code_url: 'ftp://a' }, 400, 'FSS.1012'],
  ])('is refused and not stored: %s', async (_what, body, status, code) => {
    const before = await digests();
    expect(await app.refusal('POST', '/fgs/functions', functionBody('refused', body))).toEqual([status, code]);
    expect(await app.refusal('GET', '/fgs/functions/refused/config')).toEqual([404, 'FSS.1051']);
    expect(await digests()).toEqual(before);
  });

  it('may be Base64 of either alphabet with line breaks', async () => {
    const source = 'exports.handler = () => "ÿ>?~ÿ>?~";';
    const encoded = Buffer.from(source).toString('base64url').replaceAll(/.{8}/g, '$&\r\n');
    const name = await app.aFunction({ func_code: { file: encoded } });
    const { func_code: code, code_size: size } = await app.must('GET', `/fgs/functions/${name}/code`);
    expect([Buffer.from(code.file, 'base64').toString(), size]).toEqual([source, Buffer.byteLength(source)]);
  });

  it('is not inspected if the new function exists or the updated one does not', async () => {
    await app.createFunction('there');
    const broken = zipped(Buffer.from('no zip'));
    expect(await app.refusal('POST', '/fgs/functions', functionBody('there', broken))).toEqual([409, 'FSS.1061']);
    expect(await app.refusal('PUT', '/fgs/functions/nowhere/code', broken)).toEqual([404, 'FSS.1051']);
  });

  it('that is refused gets an error with the reason', async () => {
    const answer = await app.call('POST', '/fgs/functions', functionBody('refused', zipped(zipOf({ '/etc/x': '' }))));
    expect(answer.body.error_msg).toBe('func_code.file: not a readable ZIP: absolute path: /etc/x');
  });
});

describe('the ZIPs of all functions and versions', () => {
  it('are bounded in bytes; identical ones count once, and deleted ones no more', async () => {
    const zips = ['a', 'b', 'c'].map((text) => aZip([{ name: 'index.js', data: text.repeat(1_000), method: 0 }]));
    const [a = Buffer.alloc(0), b = Buffer.alloc(0), c = Buffer.alloc(0)] = zips;
    const small = await IngressApp.start({ env: { INGRESS_CODE_BYTES_MAX: String(2 * a.length) } });
    const create = (name: string, zip: Buffer) => small.call('POST', '/fgs/functions', functionBody(name, zipped(zip)));
    expect((await create('one', a)).status).toBe(200);
    expect((await create('same', a)).status).toBe(200);
    await small.must('POST', '/fgs/functions/one/versions', { version: 'v1' });
    await small.must('PUT', '/fgs/functions/one/code', zipped(b));
    const refused = await create('two', c);
    expect([refused.status, refused.body.error_code]).toEqual([413, 'FSS.1071']);
    expect(refused.body.error_msg).toBe(
      `the ZIPs of all functions and versions may have ${2 * a.length} bytes (INGRESS_CODE_BYTES_MAX); ${2 * a.length} are used ` +
        `and this one has ${c.length}: delete unused functions or versions`,
    );
    expect((await small.call('DELETE', '/fgs/functions/one')).status).toBe(204);
    // Room for one of them: both are checked before either has a name.
    const atOnce = await Promise.all([create('two', b), create('three', c)]);
    expect(new Set(atOnce.map(({ status }) => status))).toEqual(new Set([200, 413]));
    await small.close();
  });
});

describe('a large body', () => {
  /** Sends the head of an upload and no body. @returns the first status: 100 to await the body. */
  const begin = async (token: string, contentLength: number, ...more: string[]) => {
    const head = ['POST /v2/p1/fgs/functions HTTP/1.1', 'Host: a', `X-Auth-Token: ${token}`, 'Content-Type: application/json'];
    const socket = connect(port, '127.0.0.1');
    const status = new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes).slice(9, 12))));
    socket.write(`${[...head, ...more, `Content-Length: ${contentLength}`].join('\r\n')}\r\n\r\n`);
    return { socket, status: await status };
  };

  it('may hold up to 50 MB of code', async () => {
    const archive = aZip([{ name: 'index.js', data: Buffer.alloc(3_000_000, 'abc'), method: 0 }]);
    expect((await app.must('POST', '/fgs/functions', functionBody('large', zipped(archive)))).code_size).toBe(archive.length);
    const tooLarge = zipped(Buffer.alloc(50 * 1_048_576 + 1));
    expect(await app.refusal('PUT', '/fgs/functions/large/code', tooLarge)).toEqual([413, 'FSS.1071']);
    const huge = await begin(IngressApp.token, 80_000_000);
    expect(huge.status).toBe('413');
    huge.socket.destroy();
  }, 30_000);

  it('may be signed, and is refused if its signature is wrong', async () => {
    const large = zipped(aZip([{ name: 'index.js', data: Buffer.alloc(2_000_000, 'abc'), method: 0 }]));
    expect((await app.signed('POST', '/fgs/functions', functionBody('signed', large))).status).toBe(200);
    const forged = await app.signed('POST', '/fgs/functions', functionBody('forged', large), { secretKey: 'another' });
    expect(forged.status).toBe(401);
    expect(await app.refusal('GET', '/fgs/functions/forged/config')).toEqual([404, 'FSS.1051']);
  });

  it('may be chunked, up to the same limit', async () => {
    const send = async (bytes: Buffer) => {
      const socket = connect(port, '127.0.0.1');
      const head = `POST /v2/p1/fgs/functions HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${IngressApp.token}\r\n`;
      const status = new Promise<string>((resolve) => socket.once('data', (answer) => resolve(String(answer).slice(9, 12))));
      socket.write(`${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`);
      for (let at = 0; at < bytes.length; at += 1_000_000) {
        const chunk = bytes.subarray(at, at + 1_000_000);
        socket.write(`${chunk.length.toString(16)}\r\n`);
        socket.write(chunk);
        socket.write('\r\n');
      }
      socket.write('0\r\n\r\n');
      const answered = await status;
      socket.destroy();
      return answered;
    };
    const archive = aZip([{ name: 'index.js', data: Buffer.alloc(3_000_000, 'abc'), method: 0 }]);
    expect(await send(Buffer.from(JSON.stringify(functionBody('chunked', zipped(archive)))))).toBe('200');
    expect((await app.must('GET', '/fgs/functions/chunked/config')).code_size).toBe(archive.length);
    expect(await send(Buffer.from(JSON.stringify(functionBody('small-chunks'))))).toBe('200');
    expect(await send(Buffer.alloc(73 * 1_048_576, 'x'))).toBe('413');
  }, 30_000);

  it.each<[what: string, body: unknown, refusal: readonly [number, string]]>([
    ['that is not JSON', `{"${'x'.repeat(2_000_000)}", 1}`, [406, 'FSS.0406']],
    [
      'with code that is not Base64',
      functionBody('refused', { code_type: 'zip', func_code: { file: `!${'A'.repeat(2_000_000)}` } }),
      [400, 'FSS.1012'],
    ],
    ['with code that is not a ZIP', functionBody('refused', zipped(Buffer.alloc(2_000_000))), [400, 'FSS.1011']],
    [
      'with 2 MB in a field other than its code',
      functionBody('refused', { user_data: 'x'.repeat(2_000_000) }),
      [413, 'FSS.0413'],
    ],
    ['that is an array', ['x'.repeat(2_000_000)], [413, 'FSS.0413']],
    [
      'that is nested without end',
      `{"func_code":{"file":"${'A'.repeat(2_000_000)}"},"more":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
      [400, 'FSS.0400'],
    ],
  ])('%s is refused', async (_what, body, refusal) => {
    expect(await app.refusal('POST', '/fgs/functions', body)).toEqual(refusal);
  });

  it('is accepted whatever other callers announce and do not send', async () => {
    const hold = async (token: string, ...more: string[]) => begin(token, 9_000_000, ...more, 'Expect: 100-continue');
    const signature = `Authorization: SDK-HMAC-SHA256 Access=${IngressApp.accessKey}, SignedHeaders=host;x-sdk-date, Signature=${'0'.repeat(64)}`;
    const unverified = [1, 2].map(async () => hold('', signature, `X-Sdk-Date: ${sdkDate(app.clock.now())}`));
    const strangers = [...(await Promise.all(unverified)), await begin('wrong', 9_000_000), await begin('wrong', 9_000_000)];
    expect(strangers.map(({ status }) => status)).toEqual(['100', '100', '401', '401']);
    const holders = [await hold(IngressApp.token), await hold(IngressApp.token)];
    expect(holders.map(({ status }) => status)).toEqual(['100', '100']);
    const body = functionBody('after', zipped(aZip([{ name: 'index.js', data: Buffer.alloc(2_000_000), method: 0 }])));
    const [first] = holders;
    const gaveWay = new Promise<string>((resolve) => first?.socket.once('data', (bytes) => resolve(String(bytes))));
    expect((await app.call('POST', '/fgs/functions', body)).status).toBe(200);
    expect(await gaveWay).toMatch(/^HTTP\/1.1 429 .*FSS.0429/s);
    expect((await app.call('POST', '/fgs/functions', functionBody('small'))).status).toBe(200);
    for (const { socket } of holders) socket.destroy();
    for (const { socket } of strangers) socket.destroy();
  });

  it('that stalls gives way to the next upload, or gets 408', async () => {
    const held = [1, 2].map(async () => begin(IngressApp.token, 9_000_000, 'Expect: 100-continue'));
    const endings = (await Promise.all(held)).map(
      async ({ socket }) => new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes).slice(9, 12)))),
    );
    const body = () =>
      functionBody(app.freshName(), zipped(aZip([{ name: 'index.js', data: Buffer.alloc(2_000_000), method: 0 }])));
    expect((await app.call('POST', '/fgs/functions', body())).status).toBe(200);
    await app.clock.advance(31_000);
    expect(await Promise.all(endings)).toEqual(['429', '408']);
    expect((await app.call('POST', '/fgs/functions', body())).status).toBe(200);
  });
});

describe('a link to code', () => {
  it('has the configured address, whatever Host a proxy sends', async () => {
    const behind = await IngressApp.start({ env: { SENDOFF_PUBLIC_URL: 'https://api.example.com/' } });
    await behind.createFunction('f', zipped(zipOf({ 'index.js': '1' })));
    const host = { host: 'inside:8700' };
    const { body: code } = await behind.call('GET', '/fgs/functions/f/code', undefined, host);
    const { body: exported } = await behind.call('GET', '/fgs/functions/f/export?type=code', undefined, host);
    for (const link of [code.func_code.link, exported.code_url])
      expect(link).toMatch(/^https:\/\/api\.example\.com\/v2\/p1\/sendoff\/functions\/urn:/);
    await behind.close();
  });
});

describe('the sweep', () => {
  it('removes only archives that are a day old and unused', async () => {
    const swept = await IngressApp.start();
    const archives = ['one', 'two', 'three'].map((text) => zipOf({ 'index.js': text }));
    const [one = Buffer.alloc(0), two = Buffer.alloc(0), three = Buffer.alloc(0)] = archives;
    await swept.createFunction('f', zipped(one));
    await swept.must('POST', '/fgs/functions/f/versions', { version: 'v1' });
    await swept.must('PUT', '/fgs/functions/f/code', zipped(two));
    await swept.must('PUT', '/fgs/functions/f/code', zipped(three));
    const areStored = async () =>
      Promise.all(archives.map(async (bytes) => (await swept.codeStore.get(sha512(bytes))) !== undefined));
    swept.clock.sleep(172_800_000);
    await swept.clock.advance(3_600_000);
    expect(await eventually(async () => ((await areStored()).includes(false) ? areStored() : undefined))).toEqual([
      true,
      false,
      true,
    ]);
    await swept.close();
  });
});
