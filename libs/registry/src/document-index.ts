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

/** Documents by key, and by kind and project, so that listing one project does not walk all of them. */
export class DocumentIndex {
  private readonly byKey = new Map<string, RegistryDocument>();
  private readonly byProject = new Map<string, Map<string, RegistryDocument>>();

  get size(): number {
    return this.byKey.size;
  }

  get(key: string): RegistryDocument | undefined {
    return this.byKey.get(key);
  }

  /** @returns what was there before. */
  set(key: string, document: RegistryDocument): RegistryDocument | undefined {
    const before = this.byKey.get(key);
    // A function keeps its project for life, but a policy's is read from its URN: never trust, always move.
    if (before !== undefined && shelfOf(before) !== shelfOf(document)) this.unshelve(key, before);
    this.byKey.set(key, document);
    const shelf = this.byProject.get(shelfOf(document)) ?? new Map<string, RegistryDocument>();
    shelf.set(key, document);
    this.byProject.set(shelfOf(document), shelf);
    return before;
  }

  /** @returns what was there before. */
  delete(key: string): RegistryDocument | undefined {
    const before = this.byKey.get(key);
    if (before === undefined) return undefined;
    this.byKey.delete(key);
    this.unshelve(key, before);
    return before;
  }

  /** All documents of a kind in a project, in no promised order. */
  *ofProject<Kind extends RegistryDocument['kind']>(kind: Kind, project: string): IterableIterator<DocumentOf<Kind>> {
    for (const document of this.byProject.get(`${kind}/${project}`)?.values() ?? []) yield document as DocumentOf<Kind>;
  }

  /** All documents of a kind, in no promised order. */
  *ofKind<Kind extends RegistryDocument['kind']>(kind: Kind): IterableIterator<DocumentOf<Kind>> {
    for (const document of this.byKey.values()) if (document.kind === kind) yield document as DocumentOf<Kind>;
  }

  private unshelve(key: string, document: RegistryDocument): void {
    const shelf = this.byProject.get(shelfOf(document));
    shelf?.delete(key);
    if (shelf?.size === 0) this.byProject.delete(shelfOf(document));
  }
}

function shelfOf(document: RegistryDocument): string {
  return `${document.kind}/${projectOf(document)}`;
}
