import {
  type AliasDocument,
  type FunctionDocument,
  formatFunctionUrn,
  parseFunctionUrn,
  type PolicyDocument,
  resourceOf,
  type Target,
  type TopicDocument,
} from '#contracts';
import { findCycle, isGranted, versionsBehind } from '#lifecycle';
import type { Registry } from '#registry';

/** Why a target may not be set. */
export interface RefusedTarget {
  readonly kind: 'function-absent' | 'topic-absent' | 'place-absent' | 'not-granted' | 'cycle';
  /** For the caller. */
  readonly reason: string;
}

const nowhere = { region: '', project: '' };

function absence(registry: Registry, project: string, target: Target): RefusedTarget | undefined {
  if (registry.hasTarget(project, target)) return undefined;
  const name = resourceOf(target);
  switch (target.type) {
    case 'OBS':
    case 'DIS': {
      const what = target.type === 'OBS' ? 'bucket' : 'stream';
      return {
        kind: 'place-absent',
        reason: `${what} ${name} does not exist; make it known with PUT /v2/${project}/sendoff/${what}s/${name}`,
      };
    }
    case 'SMN':
      return { kind: 'topic-absent', reason: `project ${project} has no topic ${name}` };
    case 'FunctionGraph':
      return { kind: 'function-absent', reason: `Not found the function: ${name}` };
    default:
      return target satisfies never;
  }
}

/** What is about to be set, and counts as set already: a topic for the subscription that is added to it. */
type Intended = PolicyDocument | AliasDocument | TopicDocument;

/** The functions that subscribed to a topic, in eight fields; short forms are of its region and project. */
function subscribedFunctions({ urn, subscriptions }: TopicDocument): readonly string[] {
  const [, , region = '', project = ''] = urn.split(':');
  return subscriptions.flatMap(({ protocol, endpoint }) => {
    const fn = protocol === 'functionstage' ? parseFunctionUrn(endpoint, { region, project }) : undefined;
    return fn === undefined ? [] : [formatFunctionUrn(fn)];
  });
}

/** From a topic to the functions that subscribed; from an alias to the versions it may lead to; from a version to what its policy tells. */
function tellsNext(registry: Registry, intended: Intended, from: string): readonly string[] {
  if (from.startsWith('urn:smn:')) {
    const topic = intended.kind === 'topic' && intended.urn === from ? intended : registry.topic(from);
    return topic === undefined ? [] : subscribedFunctions(topic);
  }
  const urn = parseFunctionUrn(from, nowhere);
  if (urn?.qualifier.startsWith('!') === true) {
    const alias = intended.kind === 'alias' && intended.urn === from ? intended : registry.alias(urn);
    return alias === undefined ? [] : versionsBehind(alias).map((qualifier) => formatFunctionUrn({ ...urn, qualifier }));
  }
  const isIntended = intended.kind === 'policy' && intended.functionUrn === from;
  const { onSuccess, onFailure } = (isIntended ? intended : registry.policyOf(from))?.destinations ?? {};
  return [onSuccess, onFailure].flatMap((target) =>
    target?.type === 'FunctionGraph' || target?.type === 'SMN' ? [resourceOf(target)] : [],
  );
}

/** Would this close a circle of functions, through topics or without? @returns the refusal that names it. */
export function checkCircle(registry: Registry, intended: Intended): RefusedTarget | undefined {
  const start = intended.kind === 'policy' ? intended.functionUrn : intended.urn;
  const path = findCycle(start, (urn) => tellsNext(registry, intended, urn));
  const what = intended.kind === 'topic' ? 'subscription' : intended.kind;
  return path === undefined ? undefined : { kind: 'cycle', reason: `the ${what} would close a circle: ${path.join(' -> ')}` };
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
