import {
  type AgencyDocument,
  agencyKey,
  type AliasDocument,
  aliasKey,
  checkFormat,
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
  type SteeringDocument,
  steeringKey,
  resourceOf,
  type Target,
  type TopicDocument,
  topicKey,
  type VersionDocument,
  versionKey,
} from '#contracts';
import type { KafkaGateway, TopicFollower } from '#kafka';
import type { Verifier } from '#platform';
import type { Registry as Metrics } from 'prom-client';
import { DocumentIndex, type DocumentOf } from './document-index.ts';
import { deletion, type Revision, revisionOf, verifiedRevision } from './document-signature.ts';
import { readEntry } from './read-document.ts';
import { RefusedDocuments, type RefusalReason, type Warn } from './refused-documents.ts';

/**
 * The key of the marker: a signed deletion that the ingress writes when every document is signed.
 * Without it, documents without a signature may come from a version before signatures.
 */
export const signedMarkerKey = 'signed';

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
  /** Verifies each document: only those that the ingress has signed count. */
  readonly verifier: Verifier;
  /**
   * Receives a warning for each refused document, once a minute for each key, and for each failed
   * listener. Default: warnings are dropped.
   */
  readonly warn?: Warn;
  /** The metrics of the process. Default: no metrics. */
  readonly metrics?: Metrics;
  /** A monotonic time in milliseconds. */
  readonly now?: () => number;
}

/**
 * The local copy of the registry topic: functions, versions, aliases, policies, agencies, topics,
 * places, projects and access keys. The copy is read from the beginning at the start and then
 * follows the topic. Every lookup is answered from memory and returns `undefined` if no such
 * document exists.
 *
 * A document counts only if the ingress has signed it and no document of the same key with a higher
 * sequence number was there before. Refused documents are counted and logged.
 */
export class Registry {
  private readonly documents = new DocumentIndex();
  /** The revision in force of each key, also of deleted ones. */
  private readonly revisions = new Map<string, Revision>();
  private readonly refused: RefusedDocuments;
  private readonly verifier: Verifier;
  private readonly revisionListeners = new Set<(key: string, revision: Revision) => void>();
  private unsigned = 0;
  private forged = 0;
  private readonly listeners = new Set<(change: RegistryChange) => void>();
  private readonly follower: TopicFollower;
  private readonly warn: Warn;

  constructor({ gateway, verifier, warn = () => undefined, metrics, now = () => performance.now() }: RegistryOptions) {
    this.follower = gateway.follower({
      topic: gateway.topics.name('registry'),
      from: 'earliest',
      checksFormatItself: true,
      onLoss: () => this.noteLoss(),
    });
    this.warn = warn;
    this.verifier = verifier;
    this.refused = new RefusedDocuments(warn, metrics, now);
  }

  /**
   * Replays the registry topic. Resolves once the copy holds every document written before the
   * call.
   * @throws PlatformError `BROKER_UNAVAILABLE`, `REGISTRY_BEHIND`, `RECORD_TOO_NEW`.
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

  /** True if the registry holds the marker that every document must be signed. */
  get isMarkedSigned(): boolean {
    return this.revisions.has(signedMarkerKey);
  }

  /** Documents that were read without a signature, and with one that is not valid. */
  get refusedCounts(): { readonly unsigned: number; readonly forged: number } {
    const { unsigned, forged } = this;
    return { unsigned, forged };
  }

  /**
   * The keys whose last record was refused, or is lost, so that the ingress should write its own
   * again.
   */
  get overwrittenKeys(): readonly string[] {
    return this.refused.overwrittenKeys;
  }

  /** The revision in force under a key, also of a deletion. */
  revision(key: string): Revision | undefined {
    return this.revisions.get(key);
  }

  /**
   * Calls a listener with each revision that comes into force, after its document is applied.
   * @returns a function that unsubscribes.
   */
  onRevision(listener: (key: string, revision: Revision) => void): () => void {
    this.revisionListeners.add(listener);
    return () => this.revisionListeners.delete(listener);
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
        return urn !== undefined && this.hasFunction(urn) && this.isMeant(target, urn);
      }
      case undefined:
        return true;
      default:
        return document satisfies never;
    }
  }

  /** False if the function that a target meant was removed, and another one has its name. */
  private isMeant(target: Target, urn: FunctionUrn): boolean {
    const functionId = target.type === 'FunctionGraph' ? target.functionId : undefined;
    return functionId === undefined || this.functionByUrn(urn)?.id === functionId;
  }

  /**
   * The policy of exactly this version. A version does not inherit the policy of `latest`.
   * @param urn parsed, or eight fields.
   */
  policyOf(urn: FunctionUrn | string): PolicyDocument | undefined {
    return this.find('policy', policyKey(typeof urn === 'string' ? urn : formatFunctionUrn(urn)));
  }

  /**
   * The paused parts of the function that a URN names, in all versions. Undefined if none is
   * paused, or if the pause was for an earlier function of that name.
   */
  steeringOf(urn: FunctionUrn): SteeringDocument | undefined {
    const steering = this.find('steering', steeringKey(formatBareUrn(urn)));
    return steering?.functionId === this.functionByUrn(urn)?.id ? steering : undefined;
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
    const { key, value } = record;
    if (key === null || key === '') return this.refuse(record, 'malformed', 'the record has no key');
    const known = this.revisions.get(key);
    // Nothing counts under this key, and now nothing is written under it either.
    if (value === null && known === undefined) return this.refused.settle(key);
    const revision = verifiedRevision(record, this.verifier);
    if (revision === 'unsigned' && value !== null) this.unsigned++;
    if (revision === 'forged') this.forged++;
    if (typeof revision === 'string') return this.refuse(record, revision);
    if (known !== undefined && revision.sequence < known.sequence) return this.refuse(record, 'replayed');
    if (revision.sequence === known?.sequence) {
      if (revision.digest !== known.digest) return this.refuse(record, 'concurrent');
      return this.refused.settle(key);
    }
    // Not before: a forged version would stop every service.
    checkFormat('registry', record);
    this.revisions.set(key, revision);
    this.refused.settle(key);
    this.replace(record);
    for (const listener of this.revisionListeners) listener(key, revision);
  }

  /** Each key is to be written again until its record is read. */
  private noteLoss(): void {
    for (const [key, { sequence, digest }] of this.revisions) {
      // A document that this version cannot read is not known, so it cannot be written.
      const isKnown = this.documents.get(key) !== undefined || revisionOf({ sequence, value: deletion }).digest === digest;
      if (isKnown) this.refused.noteLost(key);
    }
    this.warn('The registry topic lost documents; an ingress writes those that it knows again', { documents: this.size });
  }

  private refuse(record: IncomingRecord, reason: RefusalReason, fault?: string): void {
    const details = { offset: String(record.offset), ...(fault === undefined ? {} : { fault }) };
    this.refused.add(record.key ?? '', reason, details, reason !== 'malformed');
  }

  /** Applies a record that is in force. */
  private replace(record: IncomingRecord): void {
    const entry = readEntry(record);
    switch (entry.kind) {
      case 'malformed':
        return this.refuse(record, 'malformed', entry.reason);
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
