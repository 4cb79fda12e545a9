import { LRUCache } from 'lru-cache';
import {
  type AliasDocument,
  type FunctionUrn,
  type FunctionDocument,
  formatFunctionUrn,
  parseFunctionUrn,
  type PolicyDocument,
  readFunctionUrn,
  type Target,
  type UrnReading,
} from '#contracts';
import type { FunctionKnown, Refusal } from '#lifecycle';
import type { Registry } from '#registry';

/** Why an arrival is not accepted. */
export type Unaccepted =
  | Refusal
  | 'urn-malformed'
  | 'project-foreign'
  | 'version-unknown'
  | 'alias-unknown'
  | 'idempotency-conflict'
  | 'payload-unknown'
  | 'payload-expired';

/** A name that stands for one version of a function. */
export interface ResolvedVersion {
  readonly kind: 'version';
  /** Full URN, with the version. */
  readonly functionUrn: string;
  readonly known: FunctionKnown & { readonly function: FunctionDocument };
}

/** A name that stands for an alias, which chooses a version for each request. */
export interface ResolvedAlias {
  readonly kind: 'alias';
  readonly urn: FunctionUrn;
  readonly alias: AliasDocument;
}

/** A name that stands for nothing the project may invoke. */
export interface Unresolved {
  readonly kind: 'unresolved';
  readonly reason: Unaccepted;
}

/** Dependencies of {@link ResolvedNames}. */
export interface NameParts {
  readonly registry: Registry;
  readonly region: string;
}

const unreadable = {
  malformed: 'urn-malformed',
  'of-another-project': 'project-foreign',
  'of-another-region': 'function-unknown',
} as const satisfies Record<Exclude<UrnReading['kind'], 'ours'>, Unaccepted>;

const rememberedMax = 10_000;

/** Resolves names of functions, and remembers up to 10,000 of them until the registry changes. */
export class ResolvedNames {
  private readonly cache: LRUCache<string, ResolvedVersion | ResolvedAlias>;

  /** @param max Names remembered at once; the one used least recently is forgotten first. */
  constructor(
    private readonly parts: NameParts,
    max: number = rememberedMax,
  ) {
    this.cache = new LRUCache({ max });
    parts.registry.onChange(() => this.cache.clear());
  }

  /** @param name Function URN in any form; a short one belongs to `project`. */
  resolve(name: string, project: string): ResolvedVersion | ResolvedAlias | Unresolved {
    const key = `${project} ${name}`;
    const remembered = this.cache.get(key);
    if (remembered !== undefined) return remembered;
    const reading = readFunctionUrn(name, { region: this.parts.region, project });
    if (reading.kind !== 'ours') return { kind: 'unresolved', reason: unreadable[reading.kind] };
    const resolved = this.lookUp(reading.urn);
    // Unresolved names are not cached: callers can make up any number of them and would evict real
    // ones.
    if (resolved.kind !== 'unresolved') this.cache.set(key, resolved);
    return resolved;
  }

  private lookUp(urn: FunctionUrn): ResolvedVersion | ResolvedAlias | Unresolved {
    const { registry } = this.parts;
    if (registry.functionByUrn(urn) === undefined) return { kind: 'unresolved', reason: 'function-unknown' };
    if (urn.qualifier.startsWith('!')) {
      const alias = registry.alias(urn);
      return alias === undefined ? { kind: 'unresolved', reason: 'alias-unknown' } : { kind: 'alias', urn, alias };
    }
    const found = registry.versionByUrn(urn);
    if (found === undefined) return { kind: 'unresolved', reason: 'version-unknown' };
    const known = {
      function: found,
      policy: this.policyOf(urn),
      project: registry.project(urn.project),
      steering: registry.steeringOf(urn),
    };
    return { kind: 'version', functionUrn: formatFunctionUrn(urn), known };
  }

  /** The policy of a version. Its targets carry the ids of the functions that they name now. */
  private policyOf(urn: FunctionUrn): PolicyDocument | undefined {
    const policy = this.parts.registry.policyOf(urn);
    if (policy === undefined) return undefined;
    const { onSuccess, onFailure } = policy.destinations;
    return {
      ...policy,
      destinations: {
        ...(onSuccess === undefined ? {} : { onSuccess: this.bound(onSuccess) }),
        ...(onFailure === undefined ? {} : { onFailure: this.bound(onFailure) }),
      },
    };
  }

  private bound(target: Target): Target {
    if (target.type !== 'FunctionGraph') return target;
    const urn = parseFunctionUrn(target.functionUrn, { region: this.parts.region, project: '' });
    const fn = urn === undefined ? undefined : this.parts.registry.functionByUrn(urn);
    return fn === undefined ? target : { ...target, functionId: fn.id };
  }
}
