import { useQuery } from '@tanstack/react-query';
import { type Api, answerOf } from '../../api/client.ts';
import { textOf } from '../../places/object-text.ts';
import { useApi } from '../../session/session-context.tsx';
import { readZip, unpacked, type ZipEntry } from './zip.ts';

/** A larger file is not shown, but can be downloaded. */
export const shownBytesMax = 262_144;

/** An archive, with the files that it holds. */
export interface Archive {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly digest: string;
  readonly files: readonly ZipEntry[];
}

/** The archive of a function. @throws ApiProblem if the API does not answer it. */
export async function archiveBlobOf(api: Api, urn: string, signal?: AbortSignal): Promise<Blob> {
  const path = `/sendoff/functions/${encodeURIComponent(urn)}/archive`;
  const response = await api.send('GET', path, signal === undefined ? {} : { signal });
  if (response.ok) return response.blob();
  return answerOf(Promise.resolve({ response, error: await response.json().catch(() => undefined) }));
}

/** Reads the archive of a function. */
export function useArchive(urn: string, digest: string, isWanted: boolean) {
  const api = useApi();
  return useQuery({
    queryKey: ['archive', urn, digest],
    enabled: isWanted,
    // A digest names the same bytes for good.
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<Archive> => {
      const bytes = new Uint8Array(await (await archiveBlobOf(api, urn, signal)).arrayBuffer());
      return { bytes, digest, files: readZip(bytes).filter(({ name }) => !name.endsWith('/')) };
    },
  });
}

/** The text of a file; null if it holds no text. */
export function useFileText({ bytes, digest }: Archive, entry: ZipEntry) {
  return useQuery({
    queryKey: ['archive file', digest, entry.name],
    enabled: entry.bytes <= shownBytesMax,
    staleTime: Infinity,
    queryFn: async () => textOf(await unpacked(bytes, entry, shownBytesMax), false) ?? null,
  });
}
