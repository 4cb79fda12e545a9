import type { FunctionCode } from '#contracts';
import type { Registry } from '#registry';
import { ApiError } from '../../http/api-error.ts';

/** Injection token of the {@link CodeQuota}. */
export const CODE_QUOTA = Symbol('code quota');

/** Bounds the bytes of all ZIPs that functions and versions of a project name. */
export class CodeQuota {
  constructor(
    private readonly registry: Registry,
    private readonly project: string,
    private readonly bytesMax: number,
  ) {}

  /**
   * Checks that one more ZIP may be stored. A ZIP that is stored already costs nothing.
   * @param digest SHA-512 of the ZIP, hex.
   * @throws ApiError FSS.1071 with the quota and what is used of it.
   */
  check(digest: string, bytes: number): void {
    const sizes = this.sizes();
    if (!sizes.has(digest)) this.refuseAbove(usedIn(sizes), bytes);
  }

  /**
   * Returns a check for after the ZIP has got a name, as others may have been named meanwhile. It
   * throws as {@link check}. A ZIP that is named already costs nothing.
   */
  boundFor(digest: string, bytes: number): () => void {
    if (this.sizes().has(digest)) return () => undefined;
    return () => this.refuseAbove(usedIn(this.sizes()) - bytes, bytes);
  }

  private refuseAbove(used: number, bytes: number): void {
    if (used + bytes > this.bytesMax)
      throw new ApiError(
        'FSS.1071',
        `the ZIPs of all functions and versions may have ${this.bytesMax} bytes (INGRESS_CODE_BYTES_MAX); ${used} are used and ` +
          `this one has ${bytes}: delete unused functions or versions`,
      );
  }

  /** Bytes of each stored ZIP. */
  private sizes(): ReadonlyMap<string, number> {
    const sizes = new Map<string, number>();
    const add = (code: FunctionCode) => code.kind === 'archive' && sizes.set(code.digest, code.sizeBytes);
    for (const { code } of this.registry.list('function', this.project)) add(code);
    for (const version of this.registry.list('version', this.project)) add(version.function.code);
    return sizes;
  }
}

function usedIn(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
