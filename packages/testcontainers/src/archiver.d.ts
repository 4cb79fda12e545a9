/** The part of `archiver` that this package uses; the package has no types of its own. */
declare module 'archiver' {
  interface Archiver extends AsyncIterable<Buffer> {
    directory(folder: string, inArchive: false): this;
    append(content: string, entry: { readonly name: string }): this;
    finalize(): Promise<void>;
  }
  export default function archiver(format: 'zip'): Archiver;
}
