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

/** How long a service waits for its copy of the registry to catch up, in milliseconds. */
export const catchUpMsMax = 5_000;

/**
 * A target names its function by a full URN, so no default region or project is needed to parse it.
 */
const noDefaults = { region: '', project: '' };

/**
 * A change that the registry has applied. `before` is absent if the document is new, `after` if it
 * was deleted.
 */
export interface RegistryChange {
  readonly key: string;
  readonly before?: RegistryDocument;
  readonly after?: RegistryDocument;
}

/** Settings of a {@link Registry}. */
export interface RegistryOptions {
  readonly gateway: Pick<KafkaGateway, 'follower' | 'topics'>;
  /** Prefix of every topic name. */
  /**
   * Receives a warning for each unreadable document and each failed listener. Default: warnings are
   * dropped.
   */
  readonly warn?: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

/**
 * The local copy of the registry topic: functions, versions, aliases, policies, agencies, topics,
 * places, projects and access keys. The copy is read from the beginning at the start and then
 * follows the topic. Every lookup is answered from memory and returns `undefined` if no such
 * document exists.
 */
export class Registry {
  private readonly documents = new DocumentIndex();
  private readonly listeners = new Set<(change: RegistryChange) => void>();
  private readonly follower: TopicFollower;
  private readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void;

  constructor({ gateway, warn = () => undefined }: RegistryOptions) {
    this.follower = gateway.follower({ topic: gateway.topics.name('registry'), from: 'earliest' });
    this.warn = warn;
  }

  /**
   * Replays the registry topic. Resolves once the copy holds every document written before the
   * call.
   * @throws PlatformError `BROKER_UNAVAILABLE`, `REGISTRY_BEHIND`.
   */
  start(): Promise<void> {
    return this.follower.start((record) => this.apply(record));
  }

  /**
   * Resolves once the copy holds every document that the brokers acknowledged before the call.
   * @throws PlatformError `REGISTRY_BEHIND` after `timeoutMs`. Default: 5 s.
   */
  caughtUp(timeoutMs: number = catchUpMsMax): Promise<void> {
    return this.follower.caughtUp(timeoutMs);
  }

  close(): Promise<void> {
    this.listeners.clear();
    return this.follower.close();
  }

  /** The number of documents. */
  get size(): number {
    return this.documents.size;
  }

  /** The document with a key. */
  get(key: string): RegistryDocument | undefined {
    return this.documents.get(key);
  }

  /**
   * The function that a URN names, as it is now (`latest`). The qualifier of the URN is ignored.
   */
  functionByUrn(urn: FunctionUrn): FunctionDocument | undefined {
    return this.find('function', functionKey(formatBareUrn(urn)));
  }

  /**
   * The function at the version that a URN names. Returns `undefined` for the URN of an alias.
   *
   * `instancesMax` is taken from the function as it is now. A published version never changes, but
   * an operator must still be able to stop it by setting the limit to 0.
   */
  versionByUrn(urn: FunctionUrn): FunctionDocument | undefined {
    const latest = this.functionByUrn(urn);
    if (latest === undefined || urn.qualifier === 'latest') return latest;
    const published = this.find('version', versionKey(formatFunctionUrn(urn)));
    return published === undefined ? undefined : { ...published.function, instancesMax: latest.instancesMax };
  }

  /** The alias that a URN names. */
  alias(urn: FunctionUrn): AliasDocument | undefined {
    return this.find('alias', aliasKey(formatFunctionUrn(urn)));
  }

  /** True if the version or alias that a URN names exists. */
  hasFunction(urn: FunctionUrn): boolean {
    return (this.versionByUrn(urn) ?? this.alias(urn)) !== undefined;
  }

  /**
   * True if the document that a target of this project names exists. Always true for a kind of
   * destination that has no documents.
   */
  hasTarget(project: string, target: Target): boolean {
    const name = resourceOf(target);
    const { document } = destinationKinds[target.type];
    switch (document?.kind) {
      case 'place':
        return this.get(placeKey(project, target.type, name)) !== undefined;
      case 'topic':
        return this.topic(name)?.project === project;
      case 'function': {
        const urn = parseFunctionUrn(name, noDefaults);
        return urn !== undefined && this.hasFunction(urn);
      }
      case undefined:
        return true;
      default:
        return document satisfies never;
    }
  }

  /**
   * The policy of exactly this version. A version does not inherit the policy of `latest`.
   * @param urn parsed, or eight fields.
   */
  policyOf(urn: FunctionUrn | string): PolicyDocument | undefined {
    return this.find('policy', policyKey(typeof urn === 'string' ? urn : formatFunctionUrn(urn)));
  }

  /** An agency with its grants. */
  agency(project: string, name: string): AgencyDocument | undefined {
    return this.find('agency', agencyKey(project, name));
  }

  /** A pub/sub topic with its subscriptions. */
  topic(urn: string): TopicDocument | undefined {
    return this.find('topic', topicKey(urn));
  }

  /** A bucket or a stream. */
  place(project: string, type: PlaceDocument['type'], name: string): PlaceDocument | undefined {
    return this.find('place', placeKey(project, type, name));
  }

  /** An access key. Its secret is sealed. */
  credential(accessKey: string): CredentialDocument | undefined {
    return this.find('credential', credentialKey(accessKey));
  }

  /** The settings of a project. */
  project(id: string): ProjectDocument | undefined {
    return this.find('project', projectKey(id));
  }

  /**
   * Lists the documents of a kind, in any order.
   * @param project limits the list to one project; the cost is then that of this project's
   *   documents, not of all documents.
   */
  list<Kind extends RegistryDocument['kind']>(kind: Kind, project?: string): DocumentOf<Kind>[] {
    return [...(project === undefined ? this.documents.ofKind(kind) : this.documents.ofProject(kind, project))];
  }

  /** The policies of all versions of a function, in any order. @param bareUrn seven fields. */
  policiesOf(bareUrn: string): PolicyDocument[] {
    return this.list('policy', projectOfUrn(bareUrn)).filter(({ functionUrn }) => functionUrn.startsWith(`${bareUrn}:`));
  }

  /** The published versions of a function, in any order. @param bareUrn seven fields. */
  versionsOf(bareUrn: string): VersionDocument[] {
    return this.list('version', projectOfUrn(bareUrn)).filter(({ urn }) => urn.startsWith(`${bareUrn}:`));
  }

  /** The aliases of a function, in any order. @param bareUrn seven fields. */
  aliasesOf(bareUrn: string): AliasDocument[] {
    return this.list('alias', projectOfUrn(bareUrn)).filter(({ urn }) => urn.startsWith(`${bareUrn}:`));
  }

  /**
   * Calls a listener after each change is applied, including the changes of the replay.
   * @returns a function that unsubscribes.
   */
  onChange(listener: (change: RegistryChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private find<Kind extends RegistryDocument['kind']>(kind: Kind, key: string): DocumentOf<Kind> | undefined {
    const document = this.documents.get(key);
    return document?.kind === kind ? (document as DocumentOf<Kind>) : undefined;
  }

  private apply(record: IncomingRecord): void {
    const entry = readEntry(record);
    switch (entry.kind) {
      case 'malformed':
        this.warn('The registry ignores an unreadable document', {
          key: entry.key,
          offset: String(record.offset),
          reason: entry.reason,
        });
        return;
      case 'document': {
        const before = this.documents.set(entry.key, entry.document);
        return this.notify({ key: entry.key, ...(before === undefined ? {} : { before }), after: entry.document });
      }
      case 'deletion': {
        const before = this.documents.delete(entry.key);
        if (before !== undefined) this.notify({ key: entry.key, before });
        return;
      }
      default:
        entry satisfies never;
    }
  }

  private notify(change: RegistryChange): void {
    for (const listener of this.listeners) {
      try {
        listener(change);
      } catch (error) {
        this.warn('A listener of the registry threw an error', { key: change.key, error: String(error) });
      }
    }
  }
}

function projectOfUrn(urn: string): string {
  return urn.split(':')[3] ?? '';
}
