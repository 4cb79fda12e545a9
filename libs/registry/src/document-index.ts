import type { RegistryDocument } from '#contracts';

/** A document of one kind. */
export type DocumentOf<Kind extends RegistryDocument['kind']> = Extract<RegistryDocument, { readonly kind: Kind }>;

/** The project a document belongs to. */
export function projectOf(document: RegistryDocument): string {
  switch (document.kind) {
    case 'policy':
      return document.functionUrn.split(':')[3] ?? '';
    case 'project':
      return document.id;
    default:
      return document.project;
  }
}

/**
 * Documents by key, and also by kind and project, so that listing one project does not scan all
 * documents.
 */
export class DocumentIndex {
  private readonly byKey = new Map<string, RegistryDocument>();
  private readonly byProject = new Map<string, Map<string, RegistryDocument>>();

  get size(): number {
    return this.byKey.size;
  }

  get(key: string): RegistryDocument | undefined {
    return this.byKey.get(key);
  }

  /** @returns the document that was stored under the key before. */
  set(key: string, document: RegistryDocument): RegistryDocument | undefined {
    const before = this.byKey.get(key);
    // A new document under a known key may belong to another project: remove the old index entry
    // first.
    if (before !== undefined && projectIndexKey(before) !== projectIndexKey(document)) this.removeFromProject(key, before);
    this.byKey.set(key, document);
    const documents = this.byProject.get(projectIndexKey(document)) ?? new Map<string, RegistryDocument>();
    documents.set(key, document);
    this.byProject.set(projectIndexKey(document), documents);
    return before;
  }

  /** @returns the deleted document. */
  delete(key: string): RegistryDocument | undefined {
    const before = this.byKey.get(key);
    if (before === undefined) return undefined;
    this.byKey.delete(key);
    this.removeFromProject(key, before);
    return before;
  }

  /** All documents of a kind in a project, in any order. */
  *ofProject<Kind extends RegistryDocument['kind']>(kind: Kind, project: string): IterableIterator<DocumentOf<Kind>> {
    for (const document of this.byProject.get(`${kind}/${project}`)?.values() ?? []) yield document as DocumentOf<Kind>;
  }

  /** All documents of a kind, in any order. */
  *ofKind<Kind extends RegistryDocument['kind']>(kind: Kind): IterableIterator<DocumentOf<Kind>> {
    for (const document of this.byKey.values()) if (document.kind === kind) yield document as DocumentOf<Kind>;
  }

  private removeFromProject(key: string, document: RegistryDocument): void {
    const documents = this.byProject.get(projectIndexKey(document));
    documents?.delete(key);
    if (documents?.size === 0) this.byProject.delete(projectIndexKey(document));
  }
}

function projectIndexKey(document: RegistryDocument): string {
  return `${document.kind}/${projectOf(document)}`;
}
