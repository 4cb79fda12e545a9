import {
  type AgencyDocument,
  agencyKey,
  type AliasDocument,
  aliasKey,
  type CredentialDocument,
  credentialKey,
  destinationKinds,
  type FunctionDocument,
  type FunctionUrn,
  formatBareUrn,
  formatFunctionUrn,
  functionKey,
  type IncomingRecord,
  parseFunctionUrn,
  physicalTopic,
  type PlaceDocument,
  type PolicyDocument,
  type ProjectDocument,
  placeKey,
  policyKey,
  projectKey,
  type RegistryDocument,
  resourceOf,
  type Target,
  type TopicDocument,
  topicKey,
  type VersionDocument,
  versionKey,
} from '#contracts';
import type { KafkaGateway, TopicFollower } from '#kafka';
import { DocumentIndex, type DocumentOf } from './document-index.ts';
import { readEntry } from './read-document.ts';

/** Targets name functions in full. */
const nowhere = { region: '', project: '' };

/** One change of the registry, after it was applied. `before` is absent where a document is new, `after` where it is gone. */
export interface RegistryChange {
  readonly key: string;
  readonly before?: RegistryDocument;
  readonly after?: RegistryDocument;
}

/** Settings of a {@link Registry}. */
export interface RegistryOptions {
  readonly gateway: Pick<KafkaGateway, 'follower'>;
  /** Of all topic names. */
  readonly prefix: string;
  /** Told of documents nobody can read and of listeners that failed. Default: nobody is. */
  readonly warn?: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

/**
 * The own copy of everything the platform was told: functions, policies, agencies, topics, places, projects, access keys. It is read whole at the start
 * and follows what is written; questions are answered from memory.
 */
export class Registry {
  private readonly documents = new DocumentIndex();
  private readonly listeners = new Set<(change: RegistryChange) => void>();
  private readonly follower: TopicFollower;
  private readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void;

  constructor({ gateway, prefix, warn = () => undefined }: RegistryOptions) {
    this.follower = gateway.follower({ topic: physicalTopic(prefix, 'registry'), from: 'earliest' });
    this.warn = warn;
  }

  /** Resolves when everything that was written before is known. @throws PlatformError `BROKER_UNAVAILABLE`, `REGISTRY_BEHIND`. */
  start(): Promise<void> {
    return this.follower.start((record) => this.apply(record));
  }

  /** Resolves when everything acknowledged before this call is known. @throws PlatformError `REGISTRY_BEHIND` after `timeoutMs`. */
  caughtUp(timeoutMs: number): Promise<void> {
    return this.follower.caughtUp(timeoutMs);
  }

  close(): Promise<void> {
    this.listeners.clear();
    return this.follower.close();
  }

  /** How many documents there are. */
  get size(): number {
    return this.documents.size;
  }

  /** The document under a key, or `undefined`. */
  get(key: string): RegistryDocument | undefined {
    return this.documents.get(key);
  }

  /** The function a URN names at its version `latest`, whatever its qualifier. */
  functionByUrn(urn: FunctionUrn): FunctionDocument | undefined {
    return this.of('function', functionKey(formatBareUrn(urn)));
  }

  /**
   * The function at exactly the version a URN names; `undefined` where there is none of that name, and for an alias.
   *
   * How many instances there may be is asked of the function as it is now: a version never changes, and must be stopped all the same.
   */
  versionByUrn(urn: FunctionUrn): FunctionDocument | undefined {
    const latest = this.functionByUrn(urn);
    if (latest === undefined || urn.qualifier === 'latest') return latest;
    const published = this.of('version', versionKey(formatFunctionUrn(urn)));
    return published === undefined ? undefined : { ...published.function, instancesMax: latest.instancesMax };
  }

  /** The alias a URN names, or `undefined`. */
  alias(urn: FunctionUrn): AliasDocument | undefined {
    return this.of('alias', aliasKey(formatFunctionUrn(urn)));
  }

  /** Does a URN name a version, or an alias, that is there? */
  hasFunction(urn: FunctionUrn): boolean {
    return (this.versionByUrn(urn) ?? this.alias(urn)) !== undefined;
  }

  /** Tells whether the document that a target names exists in a project; true for kinds of destinations without documents. */
  hasTarget(project: string, target: Target): boolean {
    const name = resourceOf(target);
    const { document } = destinationKinds[target.type];
    switch (document?.kind) {
      case 'place':
        return this.get(placeKey(project, target.type, name)) !== undefined;
      case 'topic':
        return this.topic(name)?.project === project;
      case 'function': {
        const urn = parseFunctionUrn(name, nowhere);
        return urn !== undefined && this.hasFunction(urn);
      }
      case undefined:
        return true;
      default:
        return document satisfies never;
    }
  }

  /** The policy set for exactly this version; one without a policy of its own has none. @param urn parsed, or eight fields. */
  policyOf(urn: FunctionUrn | string): PolicyDocument | undefined {
    return this.of('policy', policyKey(typeof urn === 'string' ? urn : formatFunctionUrn(urn)));
  }

  /** What an agency grants, or `undefined`. */
  agency(project: string, name: string): AgencyDocument | undefined {
    return this.of('agency', agencyKey(project, name));
  }

  /** A pub/sub topic with its subscriptions, or `undefined`. */
  topic(urn: string): TopicDocument | undefined {
    return this.of('topic', topicKey(urn));
  }

  /** A bucket or stream, or `undefined`. */
  place(project: string, type: PlaceDocument['type'], name: string): PlaceDocument | undefined {
    return this.of('place', placeKey(project, type, name));
  }

  /** An access key, its secret sealed, or `undefined`. */
  credential(accessKey: string): CredentialDocument | undefined {
    return this.of('credential', credentialKey(accessKey));
  }

  /** The settings of a project, or `undefined`. */
  project(id: string): ProjectDocument | undefined {
    return this.of('project', projectKey(id));
  }

  /**
   * Lists the documents of a kind, in no promised order.
   * @param project only those of this project, without a look at any other.
   */
  list<Kind extends RegistryDocument['kind']>(kind: Kind, project?: string): DocumentOf<Kind>[] {
    return [...(project === undefined ? this.documents.ofKind(kind) : this.documents.ofProject(kind, project))];
  }

  /** The policies of all versions of a function. @param bareUrn seven fields. */
  policiesOf(bareUrn: string): PolicyDocument[] {
    return this.list('policy', projectOfUrn(bareUrn)).filter(({ functionUrn }) => functionUrn.startsWith(`${bareUrn}:`));
  }

  /** The published versions of a function, in no promised order. @param bareUrn seven fields. */
  versionsOf(bareUrn: string): VersionDocument[] {
    return this.list('version', projectOfUrn(bareUrn)).filter(({ urn }) => urn.startsWith(`${bareUrn}:`));
  }

  /** The aliases of a function, in no promised order. @param bareUrn seven fields. */
  aliasesOf(bareUrn: string): AliasDocument[] {
    return this.list('alias', projectOfUrn(bareUrn)).filter(({ urn }) => urn.startsWith(`${bareUrn}:`));
  }

  /** Tells a listener of each change once it is applied, those of the replay included. @returns what ends it. */
  onChange(listener: (change: RegistryChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private of<Kind extends RegistryDocument['kind']>(kind: Kind, key: string): DocumentOf<Kind> | undefined {
    const document = this.documents.get(key);
    return document?.kind === kind ? (document as DocumentOf<Kind>) : undefined;
  }

  private apply(record: IncomingRecord): void {
    const entry = readEntry(record);
    switch (entry.kind) {
      case 'malformed':
        this.warn('A document of the registry is ignored', {
          key: entry.key,
          offset: String(record.offset),
          reason: entry.reason,
        });
        return;
      case 'document': {
        const before = this.documents.set(entry.key, entry.document);
        return this.tell({ key: entry.key, ...(before === undefined ? {} : { before }), after: entry.document });
      }
      case 'deletion': {
        const before = this.documents.delete(entry.key);
        if (before !== undefined) this.tell({ key: entry.key, before });
        return;
      }
      default:
        entry satisfies never;
    }
  }

  private tell(change: RegistryChange): void {
    for (const listener of this.listeners) {
      try {
        listener(change);
      } catch (error) {
        this.warn('A listener of the registry failed', { key: change.key, error: String(error) });
      }
    }
  }
}

function projectOfUrn(urn: string): string {
  return urn.split(':')[3] ?? '';
}
