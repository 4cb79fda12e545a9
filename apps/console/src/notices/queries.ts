import { useInfiniteQuery } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { afterMarker, byMarker } from '../api/pages.ts';
import { useApi } from '../session/session-context.tsx';

/** The states of a notice. */
export const noticeStates = ['pending', 'delivered', 'undelivered'] as const;
export type NoticeState = (typeof noticeStates)[number];

/** One delivery of an invocation to one target. */
export interface Notice {
  readonly request_id: string;
  readonly function_urn: string;
  readonly accepted_time: string;
  /** Kind and name, as `OBS:results/`. */
  readonly target: string;
  readonly state: NoticeState;
  readonly tries: number;
  readonly reported_time: string;
  readonly next_due_time?: string;
  readonly reason?: string;
  /** The place of a delivered notice. */
  readonly location?: string;
}

/** Which notices a list shows. An empty field limits nothing. */
export interface NoticeFilter {
  readonly state?: NoticeState | undefined;
  readonly function?: string;
  readonly target?: string;
}

interface NoticePage {
  readonly notices: readonly Notice[];
  readonly next_marker: string;
}

/** Notices that a list asks for at once. */
const pageNotices = 50;

/** Notices, those of the newest invocation first, page by page. */
export function useNotices({ state, function: urn = '', target = '' }: NoticeFilter) {
  const { client, project } = useApi();
  return useInfiniteQuery({
    queryKey: ['notices', state, urn, target],
    ...byMarker,
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        limit: pageNotices,
        ...(state === undefined ? {} : { state }),
        ...(urn === '' ? {} : { function: urn }),
        ...(target === '' ? {} : { target }),
        ...afterMarker(pageParam),
      };
      const params = { path: { project }, query };
      return answerOf(client.GET('/v2/{project}/sendoff/notices', { params, signal })) as Promise<NoticePage>;
    },
  });
}
