import type { DestinationType, Destinations, PlaceType } from './destinations.ts';
import type { EpochMs } from './epoch-ms.ts';
import type { Backoff } from './retry-policy.ts';

/** Where the code of a function is. */
export type FunctionCode =
  | {
      readonly kind: 'inline' /** Source of `index.js`. */;
      readonly source: string /** SHA-512, hex. */;
      readonly digest: string;
    }
  | {
      /** A ZIP in the object store. */
      readonly kind: 'archive';
      /** SHA-512, hex; the name in the store. */
      readonly digest: string;
      /** MD5, hex; by it a publication says what it means. */
      readonly md5: string;
      readonly sizeBytes: number;
    }
  | { readonly kind: 'url' /** What runtime `http` posts the payload to. */; readonly url: string };

/** A function, at its version `latest`; inside a {@link VersionDocument}, as it was published. Key `function/<seven-field URN>`. */
export interface FunctionDocument {
  readonly kind: 'function';
  /** Seven fields: without a version. */
  readonly urn: string;
  /** Absent at `latest`. */
  readonly version?: string;
  readonly id: string;
  readonly project: string;
  readonly package: string;
  readonly name: string;
  /** As named by the caller, e.g. `Node.js20.15` or `http`. */
  readonly runtime: string;
  /** `file.export`. */
  readonly handler: string;
  readonly initializer?: { readonly handler: string; readonly timeoutMs: number };
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** May a caller choose the memory of the instance? */
  readonly isMemoryDynamic?: boolean;
  readonly codeType: string;
  readonly code: FunctionCode;
  /** Name/value pairs for `context.getUserData`. */
  readonly userData: Readonly<Record<string, string>>;
  /** More of them, each value sealed, bound to {@link userDataOwner}. Absent where there are none. */
  readonly sealedUserData?: Readonly<Record<string, string>>;
  /** The agency that grants actions on targets. */
  readonly agency?: string;
  readonly appAgency?: string;
  readonly description: string;
  /** Instances at once: -1 unlimited, 0 disabled, else 1..1000. */
  readonly instancesMax: number;
  /** Requests one instance takes at once: 1..1000. */
  readonly concurrencyPerInstance: number;
  readonly createdAt: EpochMs;
  readonly modifiedAt: EpochMs;
  /** Words by which its owner finds it. Absent where there are none. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Fields of the API that are kept and shown but change nothing here. */
  readonly kept: Readonly<Record<string, unknown>>;
}

/** A published version of a function; it never changes. Key `version/<eight-field URN>`. */
export interface VersionDocument {
  readonly kind: 'version';
  /** Eight fields. */
  readonly urn: string;
  readonly project: string;
  readonly version: string;
  /** What was said at its publication. */
  readonly description: string;
  /** The function as it was; its `instancesMax` is not used, for that bound belongs to the function as a whole. */
  readonly function: FunctionDocument;
  readonly publishedAt: EpochMs;
}

/** One condition of a request that an alias looks at. */
export interface AliasRule {
  readonly source: 'header' | 'cookie';
  /** As it was said. Of a header the case does not matter; older documents have it in lower case. */
  readonly name: string;
  /** `=`: it is `value`; `in`: it is one of the texts of `value`, which commas part. */
  readonly operator: '=' | 'in';
  readonly value: string;
}

/** A name that leads to a version, or to one of two. Key `alias/<eight-field URN>`. */
export interface AliasDocument {
  readonly kind: 'alias';
  /** Eight fields, the last `!<name>`. */
  readonly urn: string;
  readonly project: string;
  readonly name: string;
  /** Where it leads where nothing below says otherwise. */
  readonly version: string;
  readonly description: string;
  /** A second version, for so many invocations of a hundred. */
  readonly weighted?: { readonly version: string; readonly percent: number };
  /** A second version, for the requests that all, or any, of the rules fit. Asked before the weight. */
  readonly ruled?: { readonly version: string; readonly combine: 'and' | 'or'; readonly rules: readonly AliasRule[] };
  readonly createdAt: EpochMs;
  readonly modifiedAt: EpochMs;
}

/** The asynchronous configuration of a function or one of its versions. Key `policy/<eight-field URN>`. */
export interface PolicyDocument {
  readonly kind: 'policy';
  readonly functionUrn: string;
  readonly eventAgeMaxMs: number;
  readonly retriesMax: number;
  readonly backoff: Backoff;
  readonly destinations: Destinations;
  readonly isStatusLogged: boolean;
  /** A log target of the caller's own choice; else that of the project. */
  readonly logGroup?: {
    readonly groupId?: string;
    readonly streamId?: string;
    readonly groupName?: string;
    readonly streamName?: string;
  };
  readonly createdAt: EpochMs;
  readonly modifiedAt: EpochMs;
}

/** What a function may do on behalf of its agency. Key `agency/<project>/<name>`. */
export interface AgencyDocument {
  readonly kind: 'agency';
  readonly project: string;
  readonly name: string;
  readonly grants: readonly AgencyGrant[];
}

/** Leave to use targets of one kind. */
export interface AgencyGrant {
  readonly type: DestinationType;
  /** Bucket, stream, topic URN or function URN; `*` stands for any run of characters. */
  readonly resource: string;
}

/** Someone who is told what is published to a topic. */
export interface SubscriptionDocument {
  readonly urn: string;
  readonly protocol: 'http' | 'https' | 'functionstage';
  /** A URL, or a function URN. */
  readonly endpoint: string;
  /** 0 unconfirmed, 1 confirmed. */
  readonly status: 0 | 1;
  readonly remark: string;
  /** Standard Webhooks secret, sealed for the URN; shown once, when it is made. Older documents hold it in clear, `whsec_` and Base64. */
  readonly secret: string;
  /** Absent in older documents. */
  readonly createdAt?: EpochMs;
}

/** A pub/sub topic and its subscriptions. Key `topic/<urn>`. */
export interface TopicDocument {
  readonly kind: 'topic';
  /** `urn:smn:<region>:<project>:<name>`. */
  readonly urn: string;
  readonly project: string;
  readonly name: string;
  readonly displayName: string;
  readonly subscriptions: readonly SubscriptionDocument[];
  readonly createdAt: EpochMs;
  readonly modifiedAt: EpochMs;
}

/** A destination that must be declared before a policy may name it: a bucket or a stream. Key `place/<project>/<type>/<name>`. */
export interface PlaceDocument {
  readonly kind: 'place';
  readonly type: PlaceType;
  readonly project: string;
  readonly name: string;
  /** Streams only: the topic behind it where it is not the default one. */
  readonly topic?: string;
  readonly createdAt: EpochMs;
}

/** The settings of a project. Key `project/<id>`. */
export interface ProjectDocument {
  readonly kind: 'project';
  readonly id: string;
  /** The status log switched on: its group and stream. */
  readonly statusLog?: {
    readonly groupId: string;
    readonly groupName: string;
    readonly streamId: string;
    readonly streamName: string;
  };
}

/** What an access key may do: invoke functions, read what there is, change it. */
export const accessRights = ['invoke', 'read', 'manage'] as const;

/** One of the {@link accessRights}. */
export type AccessRight = (typeof accessRights)[number];

/** What somebody may do, and with which functions. */
export interface Access {
  readonly rights: readonly AccessRight[];
  /** Patterns of function names, `name` or `package:name`; `*` stands for any run of characters. */
  readonly functions: readonly string[];
}

/** An access key. Key `credential/<access key>`. */
export interface CredentialDocument extends Access {
  readonly kind: 'credential';
  readonly accessKey: string;
  readonly project: string;
  /** For people. */
  readonly description: string;
  readonly isEnabled: boolean;
  /** Sealed, for the key of this document. */
  readonly secret: string;
  /** The secret before the last rotation, sealed; good before `endsAt`. */
  readonly previous?: { readonly secret: string; readonly endsAt: EpochMs };
  readonly createdAt: EpochMs;
  /** When the secret was last replaced. */
  readonly rotatedAt?: EpochMs;
}

/** Whatever the registry keeps. */
export type RegistryDocument =
  | FunctionDocument
  | CredentialDocument
  | VersionDocument
  | AliasDocument
  | PolicyDocument
  | AgencyDocument
  | TopicDocument
  | PlaceDocument
  | ProjectDocument;

/** The key a document is kept under. */
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

/** @param bareUrn seven fields. */
export function functionKey(bareUrn: string): string {
  return `function/${bareUrn}`;
}

/** What the sealed value of a name in a function's user data is bound to, at every version. @param bareUrn seven fields. */
export function userDataOwner(bareUrn: string, name: string): string {
  return `${functionKey(bareUrn)} user data ${name}`;
}

/** @param urn eight fields. */
export function versionKey(urn: string): string {
  return `version/${urn}`;
}

/** @param urn eight fields, the last `!<name>`. */
export function aliasKey(urn: string): string {
  return `alias/${urn}`;
}

/** @param functionUrn eight fields. */
export function policyKey(functionUrn: string): string {
  return `policy/${functionUrn}`;
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
