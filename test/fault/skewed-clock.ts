import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Service } from '#contracts';

/** The library of the Debian package `libfaketime`; undefined if it is not installed. */
function findLibrary(): string | undefined {
  const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => `/usr/lib/${name}`)];
  return folders.map((folder) => `${folder}/faketime/libfaketimeMT.so.1`).find((file) => existsSync(file));
}

/** @returns why this machine cannot skew a clock; undefined if it can. */
export function skewMissing(): string | undefined {
  return findLibrary() === undefined ? 'no libfaketime: apt-get install faketime' : undefined;
}

/** The time of day of one service, which may differ from that of the machine. */
export class SkewedClock {
  private constructor(
    private readonly folder: string,
    private readonly service: Service,
  ) {}

  /** The clock of a service. It is right until {@link skew}. */
  static async of(service: Service): Promise<SkewedClock> {
    const clock = new SkewedClock(await mkdtemp(join(tmpdir(), 'sendoff-clock-')), service);
    await clock.skew(0);
    return clock;
  }

  /** Sets the clock ahead, or behind if negative. The service sees it within a second. */
  async skew(seconds: number): Promise<void> {
    await writeFile(this.file, `${seconds < 0 ? '' : '+'}${seconds}s\n`);
  }

  /** The setting of an installation that gives the service this clock. */
  get environment(): Readonly<Record<string, string>> {
    const url = pathToFileURL(join(import.meta.dirname, 'skewed-start.mjs'));
    url.search = String(new URLSearchParams({ service: this.service, library: findLibrary() ?? '', offsetFile: this.file }));
    return { NODE_OPTIONS: `--import=${url.href}` };
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private get file(): string {
    return join(this.folder, 'offset');
  }
}
