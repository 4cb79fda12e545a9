import { useQuery } from '@tanstack/react-query';
import { type Api, answerOf } from '../api/client.ts';
import { ApiProblem } from '../api/problem.ts';
import { useApi } from '../session/session-context.tsx';

/** Functions that a list asks for at once; a project has 400 unless its operator allows more. */
const pageItems = 400;

async function allFunctions({ client, project }: Api, signal: AbortSignal) {
  const found = [];
  for (let marker = 0, isLast = false; !isLast; ) {
    const params = { path: { project }, query: { marker, maxitems: pageItems } };
    const page = await answerOf(client.GET('/v2/{project}/fgs/functions', { params, signal }));
    const functions = page.functions ?? [];
    found.push(...functions);
    marker += functions.length;
    isLast = functions.length === 0 || marker >= (page.count ?? 0);
  }
  return found;
}

/** A function as lists show it. */
export type FunctionSummary = Awaited<ReturnType<typeof allFunctions>>[number];

/** The short name under which paths and the API know a function: `package:name`. */
export function shortName({ package: folder, func_name }: Pick<FunctionSummary, 'package' | 'func_name'>): string {
  return `${folder ?? 'default'}:${func_name ?? ''}`;
}

/** All functions that the viewer may see. */
export function useFunctions() {
  const api = useApi();
  return useQuery({ queryKey: ['functions'], queryFn: async ({ signal }) => allFunctions(api, signal) });
}

/** The settings of a function. */
export function useFunctionConfig(urn: string) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['functions', urn, 'config'],
    queryFn: async ({ signal }) =>
      answerOf(client.GET('/v2/{project}/fgs/functions/{urn}/config', { params: { path: { project, urn } }, signal })),
  });
}

/** The code of a function. */
export function useFunctionCode(urn: string) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['functions', urn, 'code'],
    queryFn: async ({ signal }) =>
      answerOf(client.GET('/v2/{project}/fgs/functions/{urn}/code', { params: { path: { project, urn } }, signal })),
    // An editor holds what it shows; a newer version must not replace it while somebody types.
    refetchOnWindowFocus: false,
  });
}

/** The versions of a function, `latest` among them. */
export function useVersions(urn: string, isWanted = true) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['functions', urn, 'versions'],
    enabled: isWanted,
    queryFn: async ({ signal }) => {
      const params = { path: { project, urn }, query: { maxitems: pageItems } };
      return (await answerOf(client.GET('/v2/{project}/fgs/functions/{urn}/versions', { params, signal }))).versions ?? [];
    },
  });
}

/** The aliases of a function. */
export function useAliases(urn: string, isWanted = true) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['functions', urn, 'aliases'],
    enabled: isWanted,
    queryFn: async ({ signal }) =>
      answerOf(client.GET('/v2/{project}/fgs/functions/{urn}/aliases', { params: { path: { project, urn } }, signal })),
  });
}

/** Answers null where the API answers that the thing does not exist. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    // FSS.1051 and FSS.1052 say that the function or version is missing, which is another matter.
    if (error instanceof ApiProblem && error.code === 'FSS.0404') return null;
    throw error;
  }
}
