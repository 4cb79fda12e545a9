import {
  type AliasDocument,
  type FunctionDocument,
  formatFunctionUrn,
  parseFunctionUrn,
  type PolicyDocument,
  type Target,
} from '#contracts';
import { findCycle, isGranted, resourceOf, versionsBehind } from '#lifecycle';
import type { Registry } from '#registry';

/** Why a target may not be set. */
export interface RefusedTarget {
  readonly kind: 'function-absent' | 'topic-absent' | 'place-absent' | 'not-granted' | 'cycle';
  /** For the caller. */
  readonly reason: string;
}

const nowhere = { region: '', project: '' };

function absence(registry: Registry, project: string, target: Target): RefusedTarget | undefined {
  switch (target.type) {
    case 'OBS':
    case 'DIS': {
      const name = resourceOf(target);
      const what = target.type === 'OBS' ? 'bucket' : 'stream';
      if (registry.place(project, target.type, name) !== undefined) return undefined;
      return {
        kind: 'place-absent',
        reason: `${what} ${name} does not exist; make it known with PUT /v2/${project}/sendoff/${what}s/${name}`,
      };
    }
    case 'SMN':
      return registry.topic(target.topicUrn)?.project !== project
        ? { kind: 'topic-absent', reason: `topic ${target.topicUrn} does not exist` }
        : undefined;
    case 'FunctionGraph': {
      const urn = parseFunctionUrn(target.functionUrn, nowhere);
      const isThere = urn !== undefined && (registry.versionByUrn(urn) ?? registry.alias(urn)) !== undefined;
      return isThere ? undefined : { kind: 'function-absent', reason: `Not found the function: ${target.functionUrn}` };
    }
    default:
      return target satisfies never;
  }
}

/** What is about to be set, and counts as set already. */
type Intended = PolicyDocument | AliasDocument;

/** From an alias to the versions it may lead to; from a version to the functions its policy tells. */
function nextFunctions(registry: Registry, intended: Intended, functionUrn: string): readonly string[] {
  const urn = parseFunctionUrn(functionUrn, nowhere);
  if (urn?.qualifier.startsWith('!') === true) {
    const alias = intended.kind === 'alias' && intended.urn === functionUrn ? intended : registry.alias(urn);
    return alias === undefined ? [] : versionsBehind(alias).map((qualifier) => formatFunctionUrn({ ...urn, qualifier }));
  }
  const isIntended = intended.kind === 'policy' && intended.functionUrn === functionUrn;
  const { onSuccess, onFailure } = (isIntended ? intended : registry.policyOf(functionUrn))?.destinations ?? {};
  return [onSuccess, onFailure].flatMap((target) => (target?.type === 'FunctionGraph' ? [target.functionUrn] : []));
}

/** Would this close a circle of functions? @returns the refusal that names it. */
export function checkCircle(registry: Registry, intended: Intended): RefusedTarget | undefined {
  const start = intended.kind === 'policy' ? intended.functionUrn : intended.urn;
  const path = findCycle(start, (urn) => nextFunctions(registry, intended, urn));
  return path === undefined
    ? undefined
    : { kind: 'cycle', reason: `the ${intended.kind} would close a circle: ${path.join(' -> ')}` };
}

/** Checks every target of a policy that is about to be set: it exists, the function's agency grants it, and no circle of functions closes. */
export function checkTargets(registry: Registry, fn: FunctionDocument, policy: PolicyDocument): RefusedTarget | undefined {
  const agency = fn.agency === undefined ? undefined : registry.agency(fn.project, fn.agency);
  for (const target of [policy.destinations.onSuccess, policy.destinations.onFailure]) {
    if (target === undefined) continue;
    const absent = absence(registry, fn.project, target);
    if (absent !== undefined) return absent;
    if (!isGranted(agency, target)) {
      const lack = agency === undefined ? 'does not exist' : 'does not grant it';
      const why = fn.agency === undefined ? 'the function has no agency (xrole)' : `agency ${fn.agency} ${lack}`;
      return { kind: 'not-granted', reason: `${target.type} ${resourceOf(target)} may not be used: ${why}` };
    }
  }
  return checkCircle(registry, policy);
}
