import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate and its key, in PEM files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** Both in one file, as Kafka reads them. */
  readonly both: string;
}

/** A certificate authority in a folder, made with openssl. */
export class Authority {
  private constructor(
    private readonly folder: string,
    private readonly name: string,
  ) {}

  static async create(folder: string, name: string): Promise<Authority> {
    const authority = new Authority(folder, name);
    const subject = ['-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'];
    await run('openssl', [
      'req',
      '-x509',
      ...newKey,
      '-days',
      '2',
      ...subject,
      '-keyout',
      authority.keyFile,
      '-out',
      authority.file,
    ]);
    return authority;
  }

  /** The certificate of the authority. */
  get file(): string {
    return join(this.folder, `${this.name}.pem`);
  }

  private get keyFile(): string {
    return join(this.folder, `${this.name}.key`);
  }

  /** @param alternative such as `IP:127.0.0.1` or `DNS:example.test`. */
  async certify(name: string, alternative: string): Promise<CertificateFiles> {
    const at = (suffix: string) => join(this.folder, `${name}.${suffix}`);
    const files = { certificate: at('pem'), key: at('key'), both: at('both.pem') };
    await run('openssl', ['req', ...newKey, '-subj', `/CN=${name}`, '-keyout', files.key, '-out', at('csr')]);
    await writeFile(at('ext'), `subjectAltName=${alternative}\n`);
    const signed = ['-CA', this.file, '-CAkey', this.keyFile, '-CAcreateserial', '-days', '2', '-extfile', at('ext')];
    await run('openssl', ['x509', '-req', '-in', at('csr'), ...signed, '-out', files.certificate]);
    await writeFile(files.both, (await readFile(files.key, 'utf8')) + (await readFile(files.certificate, 'utf8')));
    return files;
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
