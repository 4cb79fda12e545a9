import type { DestinationType, Destinations, PlaceType } from './destinations.ts';
import type { EpochMs } from './epoch-ms.ts';
import type { Backoff } from './retry-policy.ts';

/** The code of a function. */
export type FunctionCode =
  | {
      readonly kind: 'inline';
      /** The content of `index.js`. */
      readonly source: string;
      /** SHA-512, hex. */
      readonly digest: string;
    }
  | {
      /** A ZIP in the object store. */
      readonly kind: 'archive';
      /** SHA-512, hex. The object store keeps the ZIP under this name. */
      readonly digest: string;
      /** MD5, hex. A client that publishes a version may send it to name the code it means. */
      readonly md5: string;
      readonly sizeBytes: number;
    }
  | {
      readonly kind: 'url';
      /** The runtime `http` posts the payload to it. */
      readonly url: string;
    };

/**
 * A function: its version `latest`, or the function in a {@link VersionDocument}. Key
 * `function/<seven-field URN>`.
 */
export interface FunctionDocument {
  readonly kind: 'function';
  /** Seven fields. */
  readonly urn: string;
  /** Absent at `latest`. */
  readonly version?: string;
  /** Made at the creation. A function that is made anew under the same name has another one. */
  readonly id: string;
  /**
   * Made at the publication of a version, for the same reason. Absent at `latest`, and in versions
   * that earlier releases published.
   */
  readonly versionId?: string;
  readonly project: string;
  readonly package: string;
  readonly name: string;
  /** The name that the caller gave, e.g. `Node.js20.15` or `http`. */
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
  /**
   * More pairs; each value is sealed and bound to `userDataOwner`. Absent if the function has
   * none.
   */
  readonly sealedUserData?: Readonly<Record<string, string>>;
  /** The agency whose grants the function has. */
  readonly agency?: string;
  readonly appAgency?: string;
  readonly description: string;
  /** Most instances at once: -1 for any number, 0 for a disabled function, else 1..1000. */
  readonly instancesMax: number;
  /** Most requests that one instance handles at once: 1..1000. */
  readonly concurrencyPerInstance: number;
  readonly createdAt: EpochMs;
  readonly modifiedAt: EpochMs;
  /** Absent if the function has none. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Fields of the API that Sendoff stores and shows, and does not use. */
  readonly kept: Readonly<Record<string, unknown>>;
}

/**
 * The id that binds an event to the function, or to the version, that it was accepted for. Another
 * one under the same name has another id.
 */
export function boundIdOf({ id, versionId }: Pick<FunctionDocument, 'id' | 'versionId'>): string {
  return versionId ?? id;
}

/** A published version of a function; it never changes. Key `version/<eight-field URN>`. */
export interface VersionDocument {
  readonly kind: 'version';
  /** Eight fields. */
  readonly urn: string;
  readonly project: string;
  readonly version: string;
  /** The description that the client gave when it published the version. */
  readonly description: string;
  /**
   * The function at its publication. Its `instancesMax` is not used: that limit is for all versions
   * together.
   */
  readonly function: FunctionDocument;
  readonly publishedAt: EpochMs;
}

/** A rule of an alias: one condition on a request. */
export interface AliasRule {
  readonly source: 'header' | 'cookie';
  /**
   * The name that the client gave. Names of headers match in any case; older documents have them in
   * lower case.
   */
  readonly name: string;
  /**
   * `=`: equal to `value`. `in`: equal to one of the texts in `value`, which are separated by
   * commas.
   */
  readonly operator: '=' | 'in';
  readonly value: string;
}

/** A name for a version, or for a choice of two. Key `alias/<eight-field URN>`. */
export interface AliasDocument {
  readonly kind: 'alias';
  /** Eight fields, the last `!<name>`. */
  readonly urn: string;
  readonly project: string;
  readonly name: string;
  /** The version unless a rule or the weight chooses the second one. */
  readonly version: string;
  readonly description: string;
  /** A second version for a share of the invocations. */
  readonly weighted?: { readonly version: string; readonly percent: number };
  /**
   * A second version for requests that meet all rules (`and`) or any rule (`or`). It comes before
   * the weight.
   */
  readonly ruled?: { readonly version: string; readonly combine: 'and' | 'or'; readonly rules: readonly AliasRule[] };
  readonly createdAt: EpochMs;
  readonly modifiedAt: EpochMs;
}

/**
 * The asynchronous configuration of a function or one of its versions. Key `policy/<eight-field
 * URN>`.
 */
export interface PolicyDocument {
  readonly kind: 'policy';
  readonly functionUrn: string;
  readonly eventAgeMaxMs: number;
  readonly retriesMax: number;
  readonly backoff: Backoff;
  readonly destinations: Destinations;
  readonly isStatusLogged: boolean;
  /** The status log of this configuration; absent for that of the project. */
  readonly logGroup?: {
    readonly groupId?: string;
    readonly streamId?: string;
    readonly groupName?: string;
    readonly streamName?: string;
  };
  readonly createdAt: EpochMs;
  readonly modifiedAt: EpochMs;
}

/** A pause of one part of a function. */
export interface Pause {
  readonly since: EpochMs;
  /** The access key of the caller who paused it, or `token`. */
  readonly by: string;
}

/**
 * The parts of a function that are paused, for all its versions. Key `steering/<seven-field URN>`.
 * The registry has none for a function that runs as usual.
 */
export interface SteeringDocument {
  readonly kind: 'steering';
  /** Seven fields. */
  readonly functionUrn: string;
  /** The id of the function. Another one under its name is not paused. */
  readonly functionId: string;
  readonly project: string;
  /** Present while invocations are refused. */
  readonly intake?: Pause;
  /** Present while attempts do not start. */
  readonly execution?: Pause;
}

/** The grants that functions of an agency have. Key `agency/<project>/<name>`. */
export interface AgencyDocument {
  readonly kind: 'agency';
  readonly project: string;
  readonly name: string;
  readonly grants: readonly AgencyGrant[];
}

/** The permission to use targets of one kind. */
export interface AgencyGrant {
  readonly type: DestinationType;
  /** Bucket, stream, topic URN or function URN; `*` stands for any run of characters. */
  readonly resource: string;
}

/** An endpoint that gets the messages of a topic. */
export interface SubscriptionDocument {
  readonly urn: string;
  readonly protocol: 'http' | 'https' | 'functionstage';
  /** A URL, or a function URN. */
  readonly endpoint: string;
  /**
   * The id of the function when it was subscribed: another one under its name gets no messages.
   * Absent for webhooks, and in documents of earlier releases.
   */
  readonly functionId?: string;
  /** 0 unconfirmed, 1 confirmed. */
  readonly status: 0 | 1;
  readonly remark: string;
  /**
   * The Standard Webhooks secret, sealed and bound to the URN. The API shows it only in its answer
   * to the subscription. Older documents hold it unsealed: `whsec_` and Base64.
   */
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

/**
 * A bucket or a stream. It must be declared before a policy may name it. Key
 * `place/<project>/<type>/<name>`.
 */
export interface PlaceDocument {
  readonly kind: 'place';
  readonly type: PlaceType;
  readonly project: string;
  readonly name: string;
  /** The Kafka topic behind a stream; absent for the default one. */
  readonly topic?: string;
  readonly createdAt: EpochMs;
}

/** The settings of a project. Key `project/<id>`. */
export interface ProjectDocument {
  readonly kind: 'project';
  readonly id: string;
  /** Group and stream of the status log; absent if it is switched off. */
  readonly statusLog?: {
    readonly groupId: string;
    readonly groupName: string;
    readonly streamId: string;
    readonly streamName: string;
  };
}

/** The rights of access keys: to invoke functions, to read, and to change. */
export const accessRights = ['invoke', 'read', 'manage'] as const;

/** One of the {@link accessRights}. */
export type AccessRight = (typeof accessRights)[number];

/**
 * The rights of a caller, and patterns of the names for which it has them. `*` in a pattern stands
 * for any run of characters.
 */
export interface Access {
  readonly rights: readonly AccessRight[];
  /** Functions, as `name` or `package:name`. */
  readonly functions: readonly string[];
  /** Agencies that the caller may pass: hand to a function, or use for a destination. */
  readonly agencies: readonly string[];
  /** Pub/sub topics. */
  readonly topics: readonly string[];
}

/** An access key. Key `credential/<access key>`. */
export interface CredentialDocument extends Pick<Access, 'rights' | 'functions'>, Partial<Pick<Access, 'agencies' | 'topics'>> {
  readonly kind: 'credential';
  readonly accessKey: string;
  readonly project: string;
  /** Free text. */
  readonly description: string;
  readonly isEnabled: boolean;
  /** Sealed, and bound to the key of this document. */
  readonly secret: string;
  /** The secret before the last rotation, sealed. It is valid before `endsAt`. */
  readonly previous?: { readonly secret: string; readonly endsAt: EpochMs };
  readonly createdAt: EpochMs;
  /** When a rotation last replaced the secret. */
  readonly rotatedAt?: EpochMs;
}

/** Any document of the registry. */
export type RegistryDocument =
  | FunctionDocument
  | CredentialDocument
  | VersionDocument
  | AliasDocument
  | PolicyDocument
  | SteeringDocument
  | AgencyDocument
  | TopicDocument
  | PlaceDocument
  | ProjectDocument;
