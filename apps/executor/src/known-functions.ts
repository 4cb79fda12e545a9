import { type EpochMs, type FunctionDocument, parseFunctionUrn } from '#contracts';
import type { Registry } from '#registry';

interface Known {
  readonly document: FunctionDocument | undefined;
  readonly pausedSince: EpochMs | undefined;
}

const rememberedMax = 10_000;

/**
 * Looks functions up in the registry, by URNs with all eight fields. Answers are remembered until
 * the registry changes, because each attempt asks several times.
 */
export class KnownFunctions {
  private readonly known = new Map<string, Known>();

  /** @param region of this installation. */
  constructor(
    private readonly registry: Pick<Registry, 'versionByUrn' | 'steeringOf' | 'onChange'>,
    private readonly region: string,
  ) {
    registry.onChange(() => this.known.clear());
  }

  /** The function in the version that the URN names; undefined if there is none. */
  documentOf(functionUrn: string): FunctionDocument | undefined {
    return this.find(functionUrn).document;
  }

  /** Since when the execution of the function is paused; undefined if it is not. */
  pausedSince(functionUrn: string): EpochMs | undefined {
    return this.find(functionUrn).pausedSince;
  }

  private find(functionUrn: string): Known {
    const remembered = this.known.get(functionUrn);
    if (remembered !== undefined) return remembered;
    const urn = parseFunctionUrn(functionUrn, { region: this.region, project: '' });
    const known: Known = {
      document: urn === undefined ? undefined : this.registry.versionByUrn(urn),
      pausedSince: urn === undefined ? undefined : this.registry.steeringOf(urn)?.execution?.since,
    };
    if (this.known.size >= rememberedMax) this.known.clear();
    this.known.set(functionUrn, known);
    return known;
  }
}
