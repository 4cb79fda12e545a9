/**
 * The reach of a caller: which functions, topics and agencies it may bind to a function, and which
 * names it may learn. A function that the caller may not invoke is out of reach on every way, also
 * through a topic.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type FunctionDocument,
  type FunctionUrn,
  parseFunctionUrn,
  type PolicyDocument,
  resourceOf,
  type Target,
  type TopicDocument,
} from '#contracts';
import { mayInvoke, mayUse, mayUseTopic } from '#lifecycle';
import type { Registry } from '#registry';
import { checkMayInvoke, checkMayPass } from '../access/authorise.ts';
import type { Caller } from '../access/caller.ts';
import { ApiError } from '../http/api-error.ts';
import { mayKnowTopic, subscribedFunction } from '../names/topic-names.ts';

/** Parses the full URNs of documents, which need no defaults. */
export const nowhere = { region: '', project: '' };

/** Returns the functions that a message to a topic starts. */
export function subscribedFunctions(topic: TopicDocument): readonly FunctionUrn[] {
  return topic.subscriptions.flatMap((subscription) => subscribedFunction(topic, subscription) ?? []);
}

/**
 * Checks that a caller may invoke each function that subscribed to a topic. The error names no
 * function, because the caller may not know of it.
 * @throws ApiError FSS.0403.
 */
export function checkSubscribers(caller: Caller, topic: TopicDocument): void {
  if (subscribedFunctions(topic).every((fn) => mayInvoke(caller, fn))) return;
  throw new ApiError('FSS.0403', `topic ${topic.name} has a subscription of a function that the access key may not invoke`);
}

/**
 * Checks that a caller may let a function notify the targets of its new policy. Targets that the
 * policy had before stay, whoever set them.
 * @throws ApiError FSS.0403; FSS.1171 for a topic that the caller may not know of.
 */
export function checkNewTargets(
  caller: Caller,
  registry: Registry,
  fn: FunctionDocument,
  { destinations }: PolicyDocument,
  before: PolicyDocument | undefined,
): void {
  const known = [before?.destinations.onSuccess, before?.destinations.onFailure];
  for (const target of [destinations.onSuccess, destinations.onFailure]) {
    if (target === undefined || known.some((old) => isDeepStrictEqual(old, target))) continue;
    if (fn.agency !== undefined) checkMayPass(caller, fn.agency);
    checkTarget(caller, registry, target);
  }
}

function checkTarget(caller: Caller, registry: Registry, target: Target): void {
  switch (target.type) {
    case 'FunctionGraph': {
      const urn = parseFunctionUrn(target.functionUrn, nowhere);
      if (urn !== undefined) checkMayInvoke(caller, urn);
      break;
    }
    case 'SMN': {
      const topic = registry.topic(target.topicUrn);
      if (topic === undefined || !mayKnowTopic(caller, topic))
        throw new ApiError('FSS.1171', noTopic(caller.project, resourceOf(target)));
      checkSubscribers(caller, topic);
      break;
    }
    case 'OBS':
    case 'DIS':
      // The agency, which the caller may pass, grants buckets and streams.
      break;
    default:
      target satisfies never;
  }
}

/**
 * The message for a topic that does not exist, and for one that the caller may not know of: so
 * nobody can tell them apart.
 */
export function noTopic(project: string, topicUrn: string): string {
  return `project ${project} has no topic ${topicUrn}`;
}

/** A URN of a function or topic as a caller may see it: `...` if it may not know of it. */
export function knownName(caller: Caller, urn: string): string {
  if (urn.startsWith('urn:smn:')) return mayUseTopic(caller, urn.slice(urn.lastIndexOf(':') + 1)) ? urn : '...';
  const fn = parseFunctionUrn(urn, nowhere);
  return fn === undefined || mayUse(caller, fn) ? urn : '...';
}
