import {
  type AliasDocument,
  destinationKinds,
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
import { noTopic, nowhere, subscribedFunctions } from './check-reach.ts';

/** Why a policy may not name a target. */
export type RefusedTarget =
  | {
      readonly kind: 'function-absent' | 'topic-absent' | 'place-absent' | 'not-granted';
      /** The error message for the caller. */
      readonly reason: string;
    }
  | {
      readonly kind: 'cycle';
      readonly reason: string;
      /** URNs of functions and topics; the first one is also the last one. */
      readonly path: readonly string[];
    };

/** @returns undefined if the target exists. */
function missingTarget(registry: Registry, project: string, target: Target): RefusedTarget | undefined {
  if (registry.hasTarget(project, target)) return undefined;
  const name = resourceOf(target);
  const { word, document } = destinationKinds[target.type];
  switch (document?.kind) {
    case 'place':
      return {
        kind: 'place-absent',
        reason: `${word} ${name} does not exist; declare it with PUT /v2/${project}/sendoff/${document.path}/${name}`,
      };
    case 'topic':
      return { kind: 'topic-absent', reason: noTopic(project, name) };
    case 'function':
      return { kind: 'function-absent', reason: `Not found the function: ${name}` };
    case undefined:
      return undefined;
    default:
      return document satisfies never;
  }
}

/**
 * The new state of a document. The search for cycles reads it instead of the state in the registry.
 */
type Intended = PolicyDocument | AliasDocument | TopicDocument;

/**
 * Returns the functions and topics that a name leads to. A topic leads to the functions that
 * subscribed. An alias leads to its versions. A version leads to the targets of its policy.
 */
function successors(registry: Registry, intended: Intended, from: string): readonly string[] {
  if (from.startsWith('urn:smn:')) {
    const topic = intended.kind === 'topic' && intended.urn === from ? intended : registry.topic(from);
    return topic === undefined ? [] : subscribedFunctions(topic).map(formatFunctionUrn);
  }
  const urn = parseFunctionUrn(from, nowhere);
  if (urn?.qualifier.startsWith('!') === true) {
    const alias = intended.kind === 'alias' && intended.urn === from ? intended : registry.alias(urn);
    return alias === undefined ? [] : versionsBehind(alias).map((qualifier) => formatFunctionUrn({ ...urn, qualifier }));
  }
  const isIntended = intended.kind === 'policy' && intended.functionUrn === from;
  const { onSuccess, onFailure } = (isIntended ? intended : registry.policyOf(from))?.destinations ?? {};
  return [onSuccess, onFailure].flatMap((target) =>
    target !== undefined && startsFunctions(target) ? [resourceOf(target)] : [],
  );
}

/** Whether a notification to the target may start further functions. */
function startsFunctions({ type }: Target): boolean {
  const kind = destinationKinds[type].document?.kind;
  return kind === 'function' || kind === 'topic';
}

/**
 * Checks that a document closes no cycle of functions, directly or through topics.
 * @returns the refusal, which names the cycle; undefined if the document closes none.
 */
export function checkCycle(registry: Registry, intended: Intended): RefusedTarget | undefined {
  const start = intended.kind === 'policy' ? intended.functionUrn : intended.urn;
  const path = findCycle(start, (urn) => successors(registry, intended, urn));
  const what = intended.kind === 'topic' ? 'subscription' : intended.kind;
  return path === undefined ? undefined : { kind: 'cycle', reason: `the ${what} would close a cycle`, path };
}

/**
 * Checks every target of a policy that is about to be set: the function's agency grants it, it
 * exists, and it closes no cycle.
 * @returns the first refusal; undefined if the policy may be set.
 */
export function checkTargets(registry: Registry, fn: FunctionDocument, policy: PolicyDocument): RefusedTarget | undefined {
  const agency = fn.agency === undefined ? undefined : registry.agency(fn.project, fn.agency);
  for (const target of [policy.destinations.onSuccess, policy.destinations.onFailure]) {
    if (target === undefined) continue;
    // The grant comes first: whether a place exists is told only to those who may use it.
    if (!isGranted(agency, target)) {
      const lack = agency === undefined ? 'does not exist' : 'does not grant it';
      const why = fn.agency === undefined ? 'the function has no agency (xrole)' : `agency ${fn.agency} ${lack}`;
      return { kind: 'not-granted', reason: `${target.type} ${resourceOf(target)} may not be used: ${why}` };
    }
    const missing = missingTarget(registry, fn.project, target);
    if (missing !== undefined) return missing;
  }
  return checkCycle(registry, policy);
}
