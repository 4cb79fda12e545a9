import type { NoticeState } from './queries.ts';

const looks: Readonly<Record<NoticeState, readonly [word: string, look: string]>> = {
  pending: ['Pending', 'waiting'],
  delivered: ['Delivered', 'good'],
  undelivered: ['Undelivered', 'bad'],
};

/** The state of a notice, as a word beside a dot. */
export function NoticeMark({ of }: { readonly of: NoticeState }) {
  const [word, look] = looks[of] ?? [of, 'off'];
  return <span className={`state state-${look}`}>{word}</span>;
}
