import type { AliasDocument, EpochMs } from '#contracts';
import { AliasStrategyDto, type AliasRoutingDto } from './alias.dto.ts';
import { ApiError } from '../../http/api-error.ts';
import { rfc3339 } from '../../http/instants.ts';
import { validated } from '../../http/validated.ts';
import { versionPattern } from './version.dto.ts';

type Routing = Pick<AliasDocument, 'version' | 'description' | 'weighted' | 'ruled'>;

/**
 * Reads a map with at most one entry, from the second version to its rule.
 * @returns undefined if the map is missing or empty.
 * @throws ApiError FSS.1091, FSS.1093.
 */
function additional(field: string, map: Record<string, unknown> | undefined, version: string): [string, unknown] | undefined {
  const entries = Object.entries(map ?? {});
  if (entries.length > 1) throw new ApiError('FSS.1091', `${field} may name one version`);
  const [entry] = entries;
  if (entry === undefined) return undefined;
  if (!versionPattern.test(entry[0])) throw new ApiError('FSS.1091', `${field} must name a published version, not latest`);
  if (entry[0] === version) throw new ApiError('FSS.1093', `${field} names the main version of the alias; name a second version`);
  return entry;
}

function weightedOf({ version, additional_version_weights: weights }: AliasRoutingDto): AliasDocument['weighted'] {
  const entry = additional('additional_version_weights', weights, version);
  if (entry === undefined) return undefined;
  const [name, percent] = entry;
  if (typeof percent !== 'number' || !Number.isInteger(percent) || percent < 0 || percent > 100)
    throw new ApiError('FSS.1092', 'a weight of additional_version_weights must be a whole number from 0 to 100');
  return { version: name, percent };
}

function ruledOf({ version, additional_version_strategy: strategy }: AliasRoutingDto): AliasDocument['ruled'] {
  const entry = additional('additional_version_strategy', strategy, version);
  if (entry === undefined) return undefined;
  const { combine_type: combine, rules } = validated(AliasStrategyDto, entry[1], { rejectUnknown: true });
  return {
    version: entry[0],
    combine,
    rules: rules.map(({ rule_type: type, param: name, op: operator, value }) => ({
      source: type === 'Header' ? 'header' : 'cookie',
      name,
      operator,
      value,
    })),
  };
}

/**
 * Reads the routing of an alias from a body.
 * @throws ApiError FSS.1091, FSS.1092, FSS.1093, or FSS.0400 naming the field.
 */
export function routingOf(dto: AliasRoutingDto): Routing {
  const weighted = weightedOf(dto);
  const ruled = ruledOf(dto);
  return {
    version: dto.version,
    description: dto.description ?? '',
    ...(weighted === undefined ? {} : { weighted }),
    ...(ruled === undefined ? {} : { ruled }),
  };
}

/**
 * Makes the document of an alias.
 * @param before the alias that it replaces.
 */
export function aliasOf(
  routing: Routing,
  { bareUrn, project, name }: { readonly bareUrn: string; readonly project: string; readonly name: string },
  before: AliasDocument | undefined,
  now: EpochMs,
): AliasDocument {
  const createdAt = before?.createdAt ?? now;
  return { kind: 'alias', urn: `${bareUrn}:!${name}`, project, name, ...routing, createdAt, modifiedAt: now };
}

/** Shows an alias. */
export function aliasAnswer({
  urn,
  name,
  version,
  description,
  weighted,
  ruled,
  modifiedAt,
}: AliasDocument): Record<string, unknown> {
  const rules = ruled?.rules.map(({ source, name: param, operator, value }) => ({
    rule_type: source === 'header' ? 'Header' : 'Cookie',
    param,
    op: operator,
    value,
  }));
  return {
    name,
    version,
    description,
    last_modified: rfc3339(modifiedAt),
    alias_urn: urn,
    ...(weighted === undefined ? {} : { additional_version_weights: { [weighted.version]: weighted.percent } }),
    ...(ruled === undefined ? {} : { additional_version_strategy: { [ruled.version]: { combine_type: ruled.combine, rules } } }),
  };
}
