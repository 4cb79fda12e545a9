import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { afterMarker, byMarker } from '../api/pages.ts';
import { problemOf } from '../api/problem.ts';
import { jsonOrText } from '../functions/calls.ts';
import { useApi } from '../session/session-context.tsx';

/** An object of a bucket. */
export interface BucketObject {
  readonly key: string;
  readonly bytes: number;
  readonly written_time: string;
}

interface ObjectPage {
  readonly objects: readonly BucketObject[];
  readonly next_marker: string;
}

/** The objects of a bucket whose keys begin with a prefix, the last keys first, page by page. */
export function useBucketObjects(name: string, prefix: string) {
  const { client, project } = useApi();
  return useInfiniteQuery({
    queryKey: ['objects', name, prefix],
    ...byMarker,
    queryFn: async ({ pageParam, signal }) => {
      const query = { ...(prefix === '' ? {} : { prefix }), ...afterMarker(pageParam) };
      const params = { path: { project, name }, query };
      return answerOf(client.GET('/v2/{project}/sendoff/buckets/{name}/objects', { params, signal })) as Promise<ObjectPage>;
    },
  });
}

/** Reads an object, or its first bytes. @throws ApiProblem. */
export function useReadObject(name: string) {
  const api = useApi();
  return async (key: string, options: { readonly firstBytes?: number; readonly signal?: AbortSignal } = {}): Promise<Blob> => {
    const { firstBytes, signal } = options;
    const query = new URLSearchParams({ key, ...(firstBytes === undefined ? {} : { first_bytes: String(firstBytes) }) });
    const path = `/sendoff/buckets/${encodeURIComponent(name)}/objects/content?${query}`;
    const response = await api.send('GET', path, signal === undefined ? {} : { signal });
    if (!response.ok) throw problemOf(response, await jsonOrText(response));
    return response.blob();
  };
}

/** A record of a stream. One that Sendoff did not write shows neither key nor value. */
export interface StreamRecord {
  readonly partition: number;
  readonly offset: string;
  readonly time: string;
  readonly is_notice: boolean;
  readonly key?: string;
  /** The beginning of the value. */
  readonly value?: string;
  readonly value_bytes?: number;
}

interface StreamRecords {
  readonly topic: string;
  readonly topic_exists: boolean;
  readonly records: readonly StreamRecord[];
}

/** The newest records of a stream. */
export function useStreamRecords(name: string) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['records of stream', name],
    queryFn: async ({ signal }) => {
      const params = { path: { project, name } };
      return answerOf(client.GET('/v2/{project}/sendoff/streams/{name}/records', { params, signal })) as Promise<StreamRecords>;
    },
  });
}
