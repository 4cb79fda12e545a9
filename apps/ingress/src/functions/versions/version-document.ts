import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  type AliasDocument,
  aliasKey,
  type EpochMs,
  type FunctionDocument,
  type PolicyDocument,
  policyKey,
  utcText,
  type VersionDocument,
  versionKey,
} from '#contracts';
import type { Change, Registry } from '#registry';
import { rfc3339 } from '../../http/instants.ts';
import { functionAnswer } from '../function-document.ts';
import { policyAnswer } from '../../policies/policy-document.ts';

/**
 * Returns the part of a function that a version freezes: all but the fields that its versions share
 * and the times of creation and change.
 */
function fixedPart(fn: FunctionDocument): Partial<FunctionDocument> {
  const {
    version: _version,
    versionId: _versionId,
    instancesMax: _instancesMax,
    tags: _tags,
    createdAt: _createdAt,
    modifiedAt: _modifiedAt,
    ...fixed
  } = fn;
  return fixed;
}

/** Whether a function differs from its newest published version. True if it has none. */
export function hasChanged(fn: FunctionDocument, versions: readonly VersionDocument[]): boolean {
  const [last] = newestFirst(versions);
  return last === undefined || !isDeepStrictEqual(fixedPart(fn), fixedPart(last.function));
}

/** Sorts versions by publication time, the newest first. */
export function newestFirst(versions: readonly VersionDocument[]): readonly VersionDocument[] {
  return versions.toSorted((a, b) => b.publishedAt - a.publishedAt || (a.urn < b.urn ? 1 : -1));
}

/** Returns `vYYYYMMDD-HHMMSS` of an instant, or of the first later second whose name is free. */
export function generatedVersion(now: EpochMs, isTaken: (version: string) => boolean): string {
  for (let at = now; ; at = (at + 1_000) as EpochMs) {
    const digits = utcText(at).replaceAll(/\D/g, '');
    const version = `v${digits.slice(0, 8)}-${digits.slice(8, 14)}`;
    if (!isTaken(version)) return version;
  }
}

/** Makes the document of a version that is published now. */
export function newVersion(fn: FunctionDocument, version: string, description: string, now: EpochMs): VersionDocument {
  const urn = `${fn.urn}:${version}`;
  const published = { ...fn, version, versionId: randomUUID() };
  return { kind: 'version', urn, project: fn.project, version, description, function: published, publishedAt: now };
}

/**
 * Deletes a version with its policy and the aliases bound to it, and removes it from other aliases.
 */
export function withoutVersion(registry: Registry, bareUrn: string, version: string): readonly Change[] {
  const urn = `${bareUrn}:${version}`;
  const policy = registry.policyOf(urn) === undefined ? [] : [{ delete: policyKey(urn) }];
  const aliases = registry.aliasesOf(bareUrn).flatMap((alias): Change[] => {
    if (alias.version === version) return [{ delete: aliasKey(alias.urn) }];
    return alias.weighted?.version === version || alias.ruled?.version === version ? [withoutAdditional(alias, version)] : [];
  });
  return [{ delete: versionKey(urn) }, ...policy, ...aliases];
}

function withoutAdditional({ weighted, ruled, ...alias }: AliasDocument, version: string): AliasDocument {
  return {
    ...alias,
    ...(weighted === undefined || weighted.version === version ? {} : { weighted }),
    ...(ruled === undefined || ruled.version === version ? {} : { ruled }),
  };
}

/**
 * Shows a version, or `latest`, with its policy.
 * @see FunctionGraph API, versions and aliases
 */
export function versionAnswer(
  fn: FunctionDocument,
  published: VersionDocument | undefined,
  policy: PolicyDocument | undefined,
): Record<string, unknown> {
  return {
    ...functionAnswer(fn),
    ...(published === undefined
      ? {}
      : { version_description: published.description, last_modified: rfc3339(published.publishedAt) }),
    ...(policy === undefined ? {} : { function_async_config: embedded(policy) }),
  };
}

function embedded(policy: PolicyDocument): Record<string, unknown> {
  const { max_async_event_age_in_seconds, max_async_retry_attempts, destination_config, created_time, last_modified } =
    policyAnswer(policy);
  return { max_async_event_age_in_seconds, max_async_retry_attempts, destination_config, created_time, last_modified };
}
