import { directRequest } from '#platform';
import type { Entries } from './missing-entries.ts';

/** A Secret of Kubernetes, and how to reach the API server. */
export interface SecretPlace {
  /** URL of the API server. */
  readonly url: string;
  /** Token of the account of the pod. */
  readonly token: string;
  readonly namespace: string;
  readonly name: string;
}

interface SecretObject {
  readonly data?: Entries;
}

const labels = { 'app.kubernetes.io/name': 'sendoff', 'app.kubernetes.io/managed-by': 'sendoff' };

const encoded = (entries: Entries) =>
  Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, Buffer.from(value).toString('base64')]));
const decoded = (data: Entries) =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]));

/** Reads and completes one Secret through the API server. No error shows an entry. */
export class SecretInCluster {
  constructor(private readonly place: SecretPlace) {}

  /** @returns undefined if there is no such Secret. */
  async read(): Promise<Entries | undefined> {
    const { status, text } = await this.ask('GET', `/${this.place.name}`);
    if (status === 404) return undefined;
    if (status !== 200) throw this.refused('reading', status, text);
    return decoded((JSON.parse(text) as SecretObject).data ?? {});
  }

  /** @returns false if another process was faster. */
  async create(entries: Entries): Promise<boolean> {
    const metadata = { name: this.place.name, labels };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: encoded(entries) };
    const { status, text } = await this.ask('POST', '', 'application/json', secret);
    if (status !== 201 && status !== 409) throw this.refused('creating', status, text);
    return status === 201;
  }

  /** Adds entries to an existing Secret. */
  async add(entries: Entries): Promise<void> {
    const patch = { data: encoded(entries) };
    const { status, text } = await this.ask('PATCH', `/${this.place.name}`, 'application/merge-patch+json', patch);
    if (status !== 200) throw this.refused('completing', status, text);
  }

  private ask(method: string, path: string, type?: string, body?: unknown) {
    const { url, namespace, token } = this.place;
    return directRequest(`${url}/api/v1/namespaces/${namespace}/secrets${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(type === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
  }

  private refused(what: string, status: number, text: string): Error {
    const { namespace, name } = this.place;
    const { message = '' } = (text.startsWith('{') ? JSON.parse(text) : {}) as { readonly message?: string };
    return new Error(`${what} the Secret ${name} in the namespace ${namespace} was answered with ${status}: ${message}`);
  }
}
