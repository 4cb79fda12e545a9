import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ComponentType, type ReactNode, useEffect } from 'react';
import { ApiProblem } from '../api/problem.ts';
import { PageHead } from './page-head.tsx';
import { QueryView, Waiting } from './query-view.tsx';

/** Code of the console that is loaded when it is first shown. */
export interface PartSource<Part> {
  readonly name: string;
  readonly load: () => Promise<{ readonly default: Part }>;
}

/** Whether the server has another release of the console than the one of this tab. */
async function isOutdated(): Promise<boolean> {
  const script = document.querySelector<HTMLScriptElement>('script[type=module][src]');
  const answer = await fetch(location.origin, { cache: 'no-cache' });
  return answer.ok && script !== null && !(await answer.text()).includes(new URL(script.src).pathname);
}

/** The query that loads a part. A part that was loaded stays. */
function partQuery<Part>({ name, load }: PartSource<Part>) {
  return {
    queryKey: ['part', name],
    queryFn: async () => {
      try {
        return (await load()).default;
      } catch (error) {
        if (await isOutdated())
          throw new ApiProblem('outdated', 'The server was updated since this tab was opened, so the page has changed.');
        throw error;
      }
    },
    staleTime: Infinity,
    gcTime: Infinity,
  };
}

interface LoadedPartProps<Props> {
  readonly of: PartSource<ComponentType<Props>>;
  readonly props: Props;
  /** Stands in its place until it is loaded. */
  readonly meanwhile?: ReactNode;
  /** The heading if it is a page that cannot be loaded. */
  readonly heading?: string;
}

/** Shows a part as soon as it is loaded, and says why it is not. */
export function LoadedPart<Props extends object>({ of, props, meanwhile = <Waiting />, heading }: LoadedPartProps<Props>) {
  const query = useQuery(partQuery(of));
  if (query.errorUpdateCount === 0 && query.isPending) return meanwhile;
  return (
    <>
      {heading !== undefined && query.data === undefined && <PageHead title={heading} />}
      <QueryView query={query}>{(Part) => <Part {...props} />}</QueryView>
    </>
  );
}

/**
 * Loads parts when the browser is idle. They are there then when the viewer comes to them, also if
 * the server is away.
 */
export function useLoadAhead(sources: readonly PartSource<unknown>[]): void {
  const queries = useQueryClient();
  useEffect(() => {
    const waiting = requestIdleCallback(() => {
      for (const source of sources) void queries.prefetchQuery(partQuery(source));
    });
    return () => cancelIdleCallback(waiting);
  }, [queries, sources]);
}
