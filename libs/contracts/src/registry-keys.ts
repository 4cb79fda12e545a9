import type { DestinationType } from './destinations.ts';
import type { RegistryDocument } from './registry-documents.ts';

/** The key of a document. */
export function registryKey(document: RegistryDocument): string {
  switch (document.kind) {
    case 'function':
      return functionKey(document.urn);
    case 'version':
      return versionKey(document.urn);
    case 'alias':
      return aliasKey(document.urn);
    case 'policy':
      return policyKey(document.functionUrn);
    case 'steering':
      return steeringKey(document.functionUrn);
    case 'agency':
      return agencyKey(document.project, document.name);
    case 'topic':
      return topicKey(document.urn);
    case 'place':
      return placeKey(document.project, document.type, document.name);
    case 'project':
      return projectKey(document.id);
    case 'credential':
      return credentialKey(document.accessKey);
    default:
      return document satisfies never;
  }
}

/** The key of a function. @param bareUrn seven fields. */
export function functionKey(bareUrn: string): string {
  return `function/${bareUrn}`;
}

/**
 * The owner to which a sealed value of user data is bound, for all versions.
 * @param bareUrn seven fields.
 */
export function userDataOwner(bareUrn: string, name: string): string {
  return `${functionKey(bareUrn)} user data ${name}`;
}

/** The key of a version. @param urn eight fields. */
export function versionKey(urn: string): string {
  return `version/${urn}`;
}

/** The key of an alias. @param urn eight fields, the last `!<name>`. */
export function aliasKey(urn: string): string {
  return `alias/${urn}`;
}

/** The key of an asynchronous configuration. @param functionUrn eight fields. */
export function policyKey(functionUrn: string): string {
  return `policy/${functionUrn}`;
}

/** The key of what is paused of a function. @param bareUrn seven fields. */
export function steeringKey(bareUrn: string): string {
  return `steering/${bareUrn}`;
}

/** The key of an agency of a project. */
export function agencyKey(project: string, name: string): string {
  return `agency/${project}/${name}`;
}

/** The key of a pub/sub topic. */
export function topicKey(urn: string): string {
  return `topic/${urn}`;
}

/** The key of a bucket or stream. */
export function placeKey(project: string, type: DestinationType, name: string): string {
  return `place/${project}/${type}/${name}`;
}

/** The key of a project's settings. */
export function projectKey(id: string): string {
  return `project/${id}`;
}

/** The key of an access key's document. */
export function credentialKey(accessKey: string): string {
  return `credential/${accessKey}`;
}
